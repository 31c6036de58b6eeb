//! A small lexicon-based scorer for English reviews.
//!
//! Each word of the lexicon has a weight from -4 to 4. A negation among the three words before it turns the weight
//! around and weakens it, an amplifier directly before it strengthens it, and what follows a "but" counts for more
//! than what came before. The sum is squeezed into -4..4, so that a long text does not shout louder than a short one.

/// Words and their weights, sorted by word.
const LEXICON: &[(&str, f64)] = &[
    ("amazing", 3.2),
    ("annoying", -2.0),
    ("appalling", -3.3),
    ("awesome", 3.2),
    ("awful", -3.1),
    ("bad", -2.4),
    ("badly", -2.2),
    ("beautiful", 2.8),
    ("best", 3.2),
    ("better", 1.3),
    ("bland", -1.6),
    ("boring", -2.2),
    ("brilliant", 3.0),
    ("broke", -2.0),
    ("broken", -2.2),
    ("charming", 2.5),
    ("cheap", -1.0),
    ("cheated", -2.6),
    ("clean", 1.6),
    ("cold", -0.8),
    ("comfortable", 1.9),
    ("crap", -2.8),
    ("crash", -1.8),
    ("defective", -2.4),
    ("delicious", 3.0),
    ("delight", 2.8),
    ("delightful", 2.9),
    ("dirty", -2.1),
    ("disappointed", -2.3),
    ("disappointing", -2.4),
    ("disappointment", -2.4),
    ("disgusting", -3.3),
    ("dreadful", -3.0),
    ("dull", -1.8),
    ("easy", 1.4),
    ("enjoy", 2.2),
    ("enjoyable", 2.3),
    ("enjoyed", 2.3),
    ("excellent", 3.2),
    ("fail", -2.1),
    ("failed", -2.2),
    ("fails", -2.1),
    ("fantastic", 3.3),
    ("fast", 1.2),
    ("fine", 1.0),
    ("flawless", 3.0),
    ("fresh", 1.3),
    ("friendly", 2.0),
    ("fun", 2.1),
    ("funny", 1.9),
    ("garbage", -2.9),
    ("good", 1.9),
    ("great", 2.9),
    ("happy", 2.5),
    ("hate", -2.8),
    ("hated", -2.8),
    ("helpful", 1.8),
    ("horrible", -3.2),
    ("impressed", 2.3),
    ("impressive", 2.4),
    ("joke", -1.2),
    ("junk", -2.5),
    ("lacking", -1.4),
    ("lame", -2.0),
    ("lousy", -2.6),
    ("love", 3.0),
    ("loved", 3.0),
    ("lovely", 2.7),
    ("mediocre", -1.4),
    ("mess", -1.9),
    ("nice", 1.9),
    ("overpriced", -1.8),
    ("pathetic", -2.9),
    ("perfect", 3.2),
    ("perfectly", 2.8),
    ("pleasant", 2.0),
    ("pleased", 2.2),
    ("poor", -2.2),
    ("poorly", -2.3),
    ("problem", -1.3),
    ("problems", -1.4),
    ("recommend", 2.2),
    ("recommended", 2.2),
    ("refund", -1.6),
    ("ridiculous", -1.8),
    ("rude", -2.5),
    ("sad", -1.6),
    ("satisfied", 2.1),
    ("slow", -1.4),
    ("stupid", -2.4),
    ("sucked", -2.6),
    ("sucks", -2.6),
    ("superb", 3.2),
    ("tasty", 2.3),
    ("terrible", -3.2),
    ("terrific", 3.0),
    ("trash", -2.7),
    ("ugly", -2.2),
    ("unusable", -2.7),
    ("useful", 1.8),
    ("useless", -2.6),
    ("waste", -2.6),
    ("wasted", -2.5),
    ("weak", -1.6),
    ("wonderful", 3.1),
    ("worse", -2.3),
    ("worst", -3.4),
    ("worth", 1.3),
    ("wrong", -1.8),
];

/// Words that turn the weights of the next words around, sorted. Whatever ends in "n't" does the same.
const NEGATIONS: &[&str] = &[
    "cannot", "cant", "didnt", "doesnt", "dont", "hardly", "isnt", "neither", "never", "no", "nor", "not", "nothing",
    "wasnt", "without", "wont", "wouldnt",
];

/// Words that strengthen or weaken the next word, sorted.
const DEGREES: &[(&str, f64)] = &[
    ("absolutely", 1.35),
    ("barely", 0.6),
    ("completely", 1.3),
    ("extremely", 1.4),
    ("fairly", 0.9),
    ("highly", 1.3),
    ("incredibly", 1.4),
    ("kinda", 0.7),
    ("pretty", 1.1),
    ("quite", 1.1),
    ("rather", 0.9),
    ("really", 1.25),
    ("slightly", 0.6),
    ("so", 1.25),
    ("somewhat", 0.7),
    ("too", 1.2),
    ("totally", 1.3),
    ("truly", 1.3),
    ("very", 1.3),
];

/// What a negation makes of a weight: "not good" is bad, though less so than "bad", and "not bad" is a faint praise.
const NEGATED: f64 = -0.7;

/// How many words a negation reaches ahead.
const REACH: u32 = 3;

/// The longest word that is looked up; no word of the lists is longer.
const LONGEST: usize = 16;

/// The score of a text, from -4 to 4; 0 when no word of it is known.
pub(crate) fn score(text: &str) -> f64 {
    let (mut before, mut sum) = (0.0, 0.0);
    let (mut negated, mut degree) = (0u32, 1.0);
    let apostrophe = |c: char| c == '\'' || c == '’';
    let words = text
        .split(|c: char| !(c.is_alphanumeric() || apostrophe(c)))
        .map(|word| word.trim_matches(apostrophe))
        .filter(|word| !word.is_empty());
    for word in words {
        let mut buffer = [0; LONGEST];
        let Some(word) = fold(word, &mut buffer) else {
            negated = negated.saturating_sub(1);
            degree = 1.0;
            continue;
        };
        if word == "but" || word == "however" {
            (before, sum) = (before + 0.5 * sum, 0.0);
            (negated, degree) = (0, 1.0);
        } else if word.ends_with("n't") || NEGATIONS.binary_search(&word).is_ok() {
            (negated, degree) = (REACH, 1.0);
        } else if let Some(factor) = find(DEGREES, word) {
            degree = factor;
        } else {
            if let Some(weight) = find(LEXICON, word) {
                sum += weight * degree * if negated > 0 { NEGATED } else { 1.0 };
            }
            negated = negated.saturating_sub(1);
            degree = 1.0;
        }
    }
    let sum = before + sum;
    4.0 * sum / (sum * sum + 6.0).sqrt()
}

/// The word in lower case with a plain apostrophe, in `buffer`; nothing for one that no list can hold.
fn fold<'a>(word: &str, buffer: &'a mut [u8; LONGEST]) -> Option<&'a str> {
    let mut length = 0;
    for c in word.chars() {
        let c = if c == '’' { '\'' } else { c };
        *buffer.get_mut(length)? = u8::try_from(c).ok().filter(u8::is_ascii)?.to_ascii_lowercase();
        length += 1;
    }
    str::from_utf8(&buffer[..length]).ok()
}

fn find(list: &[(&str, f64)], word: &str) -> Option<f64> {
    let at = list.binary_search_by_key(&word, |(known, _)| known).ok()?;
    Some(list[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(LEXICON.is_sorted_by_key(|(word, _)| word));
        assert!(DEGREES.is_sorted_by_key(|(word, _)| word));
        assert!(NEGATIONS.is_sorted());
    }

    #[test]
    fn texts_in_order_of_praise() {
        let texts = [
            "The worst purchase ever, absolutely terrible, a complete waste of money.",
            "Poor battery. I don't recommend it.",
            "The food was fine but the service was not good.",
            "It arrived on Tuesday.",
            "Not bad.",
            "A good phone, slow at first but I love it.",
            "Excellent! I loved every minute, truly wonderful and the best of the year.",
        ];
        let scores = texts.map(score);
        assert!(scores.is_sorted(), "{scores:?}");
        assert!(scores.iter().all(|s| (-4.0..=4.0).contains(s)), "{scores:?}");
        assert!(scores[0] < -3.0 && scores[6] > 3.0, "{scores:?}");
        assert_eq!(scores[3], 0.0);
    }
}
