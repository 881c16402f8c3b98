//! What tags of every entity share.

use std::collections::HashMap;

use domain::KeyValue;

/// Of equal keys keeps the last, in the place of the first.
pub(crate) fn last_wins(pairs: Vec<KeyValue>) -> Vec<KeyValue> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(pairs.len());
    let mut out: Vec<KeyValue> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        if let Some(place) = places.get(&pair.key) {
            out[*place].value = pair.value;
        } else {
            places.insert(pair.key.clone(), out.len());
            out.push(pair);
        }
    }
    out
}
