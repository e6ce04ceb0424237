//! The search for the mistakes that lead to a signature.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::auth::explanation::digest::{Algorithm, Claim};
use crate::auth::explanation::layout::{Layout, PIECES};
use crate::auth::explanation::mistake::{Change, Likelihood, Mistake};
use crate::auth::signature::StringParts;

/// Largest work of one search, in blocks of 64 bytes that are digested. A limit on time would make
/// the result depend on the load of the machine.
pub(super) const MAX_BLOCKS: usize = 18_000;
/// Bytes in a block of the digest.
const BLOCK: usize = 64;
/// Work of a digest apart from its text, in blocks: padding, the outer digest of HMAC, and the
/// preparation, which takes as long as three blocks.
const BLOCKS_OF_DIGEST: usize = 5;

/// What leads to the signature.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    /// At most two.
    pub(super) mistakes: Vec<&'a Mistake>,
    pub(super) claim: &'a Claim,
}

/// At most two mistakes that are tried together.
type Trial<'a> = [Option<&'a Mistake>; 2];

/// Input and algorithm of one signature to compare with that of the client.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    pieces: [&'a [u8]; PIECES],
    layout: Layout,
    algorithm: Algorithm,
    /// Index of a secret.
    secret: usize,
}

impl<'a> Attempt<'a> {
    fn apply(&mut self, mistake: &'a Mistake) {
        match &mistake.change {
            Change::Parts(changes) => {
                for (part, bytes) in changes {
                    if let Some(piece) = self.pieces.get_mut(part.piece()) {
                        *piece = bytes;
                    }
                }
            }
            Change::Layout(layout) => match layout.piece() {
                Some((index, text)) => {
                    if let Some(piece) = self.pieces.get_mut(index) {
                        *piece = text.as_bytes();
                    }
                }
                None => self.layout = *layout,
            },
            Change::Algorithm(algorithm) => self.algorithm = *algorithm,
            Change::Secret(secret) => self.secret = *secret,
        }
    }
}

/// A secret that is tried.
struct Secret<'a> {
    bytes: &'a [u8],
    /// The state of HMAC after the key.
    keyed: Option<Hmac<Sha256>>,
}

/// The search for the mistakes of one request.
pub(super) struct Search<'a> {
    right: Attempt<'a>,
    claims: &'a [Claim],
    /// The right secret, followed by those of [`Change::Secret`].
    secrets: Vec<Secret<'a>>,
    /// States of HMAC before each piece of the right string.
    prefixes: Vec<Hmac<Sha256>>,
    /// States of HMAC before each piece of the string with one mistake.
    prefixes_with_mistake: Vec<Option<Box<Hmac<Sha256>>>>,
    blocks: usize,
    text: Vec<u8>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        right: &'a StringParts,
        claims: &'a [Claim],
        secrets: impl Iterator<Item = &'a [u8]>,
    ) -> Self {
        let secrets = secrets.map(|bytes| Secret {
            bytes,
            keyed: Hmac::new_from_slice(bytes).ok(),
        });
        let secrets = secrets.collect::<Vec<_>>();
        let [method, md5, kind, date, headers, bucket, key, query] =
            right.each_ref().map(Vec::as_slice);
        let pieces: [&[u8]; PIECES] = [
            method, md5, kind, date, headers, b"", bucket, key, query, b"",
        ];
        let mut prefixes = Vec::with_capacity(PIECES);
        if let Some(mut state) = secrets.first().and_then(|secret| secret.keyed.clone()) {
            for piece in pieces {
                prefixes.push(state.clone());
                state.update(piece);
            }
        }
        Self {
            right: Attempt {
                pieces,
                layout: Layout::Right,
                algorithm: Algorithm::HmacSha256,
                secret: 0,
            },
            claims,
            secrets,
            prefixes,
            prefixes_with_mistake: Vec::new(),
            blocks: 0,
            text: Vec::new(),
        }
    }

    /// Tries the right string, each mistake, and pairs of mistakes, until the digest equals a claim
    /// or the work is too much. The mistakes are sorted by likelihood.
    pub(super) fn run(mut self, mistakes: &'a [Mistake]) -> Option<Finding<'a>> {
        let length = Algorithm::HmacSha256.length();
        let (singles, paired, others) =
            if self.claims.iter().any(|claim| claim.digest.len() == length) {
                let (common, rare) = split(mistakes.iter(), |mistake| {
                    mistake.likelihood == Likelihood::Common
                });
                (mistakes.iter().collect(), common, rare)
            } else if self.claims.is_empty() {
                return None;
            } else {
                // A digest of another length needs another algorithm.
                let (algorithms, others) = split(mistakes.iter(), |mistake| {
                    matches!(mistake.change, Change::Algorithm(_))
                });
                (algorithms.clone(), algorithms, others)
            };
        self.prefixes_with_mistake
            .resize(paired.len() * PIECES, None);
        let common_pairs = diagonals(paired.len(), paired.len())
            .filter(|(first, second)| first < second)
            .filter_map(|(first, second)| Some([*paired.get(first)?, *paired.get(second)?]));
        let other_pairs = diagonals(paired.len(), others.len())
            .filter_map(|(first, second)| Some([*paired.get(first)?, *others.get(second)?]));
        let pairs = common_pairs
            .chain(other_pairs)
            .filter(|[first, second]| first.changed & second.changed == 0)
            .map(|pair| pair.map(Some));
        let singles = singles.iter().map(|mistake| [Some(*mistake), None]);
        for trial in std::iter::once([None, None]).chain(singles).chain(pairs) {
            if let Some(claim) = self.test(trial) {
                return Some(Finding {
                    mistakes: trial.into_iter().flatten().collect(),
                    claim,
                });
            }
            if self.blocks > MAX_BLOCKS {
                break;
            }
        }
        None
    }

    /// Returns the claim that equals the digest with these mistakes.
    fn test(&mut self, trial: Trial<'a>) -> Option<&'a Claim> {
        let mut attempt = self.right;
        for mistake in trial.into_iter().flatten() {
            attempt.apply(mistake);
        }
        if (attempt.layout, attempt.algorithm) == (Layout::Right, Algorithm::HmacSha256) {
            let (start, mut mac) = self.state_before_change(trial)?;
            let mut length = 0;
            let pieces = attempt.pieces.get(start..)?.iter();
            for piece in pieces.filter(|piece| !piece.is_empty()) {
                mac.update(piece);
                length += piece.len();
            }
            self.blocks += length / BLOCK + BLOCKS_OF_DIGEST;
            return self.claim_of(&mac.finalize().into_bytes());
        }
        self.text.clear();
        attempt.layout.write(&attempt.pieces, &mut self.text);
        self.blocks += self.text.len() / BLOCK + BLOCKS_OF_DIGEST;
        let secret = self.secrets.get(attempt.secret)?;
        match (attempt.algorithm, &secret.keyed) {
            (Algorithm::HmacSha256, Some(keyed)) => {
                let mut mac = keyed.clone();
                mac.update(&self.text);
                self.claim_of(&mac.finalize().into_bytes())
            }
            (algorithm, _) => self.claim_of(&algorithm.digest(secret.bytes, &self.text)),
        }
    }

    /// Returns the state of HMAC before the first piece that only the later mistake changes, and the
    /// index of this piece.
    fn state_before_change(&mut self, trial: Trial<'a>) -> Option<(usize, Hmac<Sha256>)> {
        let is_secret = |mistake: &Mistake| matches!(mistake.change, Change::Secret(_));
        let (earlier, later) = match trial {
            [Some(a), Some(b)] if is_secret(b) || b.first_piece < a.first_piece => (b, a),
            [Some(a), Some(b)] => (a, b),
            [Some(a), None] => match a.change {
                Change::Secret(secret) => {
                    return Some((0, self.secrets.get(secret)?.keyed.clone()?));
                }
                _ => return Some((a.first_piece, self.prefixes.get(a.first_piece)?.clone())),
            },
            _ => return Some((0, self.prefixes.first()?.clone())),
        };
        let start = later.first_piece;
        let place = earlier.number * PIECES + start;
        if let Some(Some(state)) = self.prefixes_with_mistake.get(place) {
            return Some((start, Hmac::clone(state)));
        }
        let mut attempt = self.right;
        attempt.apply(earlier);
        let (first, mut state) = match attempt.secret {
            0 => {
                let first = earlier.first_piece;
                (first, self.prefixes.get(first)?.clone())
            }
            secret => (0, self.secrets.get(secret)?.keyed.clone()?),
        };
        for piece in attempt.pieces.get(first..start)? {
            state.update(piece);
            self.blocks += piece.len() / BLOCK;
        }
        if let Some(known) = self.prefixes_with_mistake.get_mut(place) {
            *known = Some(Box::new(state.clone()));
        }
        Some((start, state))
    }

    fn claim_of(&self, digest: &[u8]) -> Option<&'a Claim> {
        self.claims
            .iter()
            .find(|claim| equals(&claim.digest, digest))
    }
}

/// Returns the mistakes of a kind, and the others except those that are never tried in pairs.
fn split<'a>(
    mistakes: impl Iterator<Item = &'a Mistake>,
    is_wanted: impl Fn(&Mistake) -> bool,
) -> (Vec<&'a Mistake>, Vec<&'a Mistake>) {
    mistakes
        .filter(|mistake| mistake.likelihood <= Likelihood::Rare)
        .partition(|mistake| is_wanted(mistake))
}

/// Compares digests in constant time.
fn equals(a: &[u8], b: &[u8]) -> bool {
    let difference = a
        .iter()
        .zip(b)
        .fold(0, |difference, (a, b)| difference | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

/// Returns all pairs below `rows` and `columns`, those with a small sum first.
fn diagonals(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows + columns).flat_map(move |sum| {
        let first = (sum + 1).saturating_sub(columns);
        (first..rows.min(sum + 1)).map(move |row| (row, sum - row))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonals_contain_every_pair_once() {
        for (rows, columns) in [(0, 0), (0, 3), (3, 0), (1, 1), (2, 5), (5, 2)] {
            let mut pairs = diagonals(rows, columns).collect::<Vec<_>>();
            assert!(pairs.is_sorted_by_key(|(row, column)| row + column));
            pairs.sort_unstable();
            let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            assert_eq!(pairs, all.collect::<Vec<_>>());
        }
    }

    #[test]
    fn equality_needs_the_same_length() {
        assert!(equals(b"ab", b"ab"));
        for other in [&b"ac"[..], b"a", b"abc", b""] {
            assert!(!equals(b"ab", other));
        }
    }
}
