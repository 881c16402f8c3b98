//! Names for runs and logged models that nobody named.

/// Longest random name, in characters.
pub const MAX_RANDOM_NAME: usize = 20;

const ADJECTIVES: [&str; 64] = [
    "agile", "amber", "ample", "ardent", "balmy", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid",
    "cheerful", "civil", "clear", "clever", "cosy", "crisp", "curious", "daring", "deft", "eager", "earnest", "fabled",
    "fair", "fleet", "fresh", "gentle", "gleaming", "golden", "grand", "hardy", "hearty", "honest", "jolly", "keen",
    "kind", "lively", "loyal", "lucid", "lunar", "mellow", "merry", "mighty", "nimble", "noble", "patient", "placid",
    "plucky", "proud", "quick", "quiet", "radiant", "rustic", "sage", "serene", "silver", "solar", "spry", "steady",
    "sturdy", "sunny", "vivid", "zesty",
];

const NOUNS: [&str; 64] = [
    "acorn", "alder", "anvil", "badger", "beacon", "birch", "bison", "bridge", "brook", "canyon", "cedar", "cliff",
    "cloud", "comet", "copper", "coral", "crane", "delta", "dune", "eagle", "ember", "falcon", "fern", "finch",
    "fjord", "forge", "fox", "geyser", "glade", "harbor", "hawk", "hazel", "heron", "ingot", "island", "kiln",
    "lagoon", "larch", "lark", "lynx", "maple", "marten", "meadow", "moose", "oak", "otter", "owl", "pebble", "pine",
    "plover", "plain", "quartz", "raven", "reef", "ridge", "river", "robin", "spark", "spruce", "summit", "tern",
    "valley", "willow", "wren",
];

/// A name such as `brisk-heron-418`, at most [`MAX_RANDOM_NAME`] characters, made from random bits.
pub fn random_name(bits: u128) -> String {
    let [first, second, ..] = bits.to_le_bytes();
    let (adjective, noun) = (ADJECTIVES[usize::from(first & 63)], NOUNS[usize::from(second & 63)]);
    format!("{adjective}-{noun}-{}", (bits >> 16) % 1001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_of_one_shape() {
        let longest = |words: &[&str]| words.iter().map(|w| w.len()).max().unwrap();
        assert!(longest(&ADJECTIVES) + longest(&NOUNS) + "--1000".len() <= MAX_RANDOM_NAME);
        for i in 0..100_000_u128 {
            let name = random_name(i * 0x9e37_79b9_7f4a_7c15);
            assert!(name.len() <= MAX_RANDOM_NAME, "{name}");
            assert_eq!(name.split('-').count(), 3, "{name}");
        }
    }

    #[test]
    fn names_follow_from_the_bits() {
        assert_eq!(random_name(0), "agile-acorn-0");
        assert_eq!(random_name((1000 << 16) | (63 << 8) | 63), "zesty-wren-1000");
    }
}
