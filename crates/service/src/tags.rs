//! What tags of every entity share.

use domain::KeyValue;

/// Of equal keys keeps the last, in the place of the first.
pub(crate) fn last_wins(pairs: Vec<KeyValue>) -> Vec<KeyValue> {
    let mut out: Vec<KeyValue> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        match out.iter_mut().find(|p| p.key == pair.key) {
            Some(earlier) => earlier.value = pair.value,
            None => out.push(pair),
        }
    }
    out
}
