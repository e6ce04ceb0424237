//! The search for the mistakes that lead to a signature.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::auth::explanation::digest::{Algorithm, Claim};
use crate::auth::explanation::layout::Layout;
use crate::auth::explanation::mistake::{Change, Likelihood, Mistake};
use crate::auth::signature::StringParts;

/// Largest work of one search, in blocks of 64 bytes that are digested. A limit on time would make
/// the result depend on the load of the machine.
pub(super) const MAX_BLOCKS: usize = 20_000;
/// Bytes in a block of the digest.
const BLOCK: usize = 64;

/// What leads to the signature.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    /// At most two.
    pub(super) mistakes: Vec<&'a Mistake>,
    pub(super) claim: &'a Claim,
}

/// A secret that is tried.
struct Secret<'a> {
    bytes: &'a [u8],
    /// The state of HMAC after the key.
    keyed: Option<Hmac<Sha256>>,
}

/// The search for the mistakes of one request.
pub(super) struct Search<'a> {
    right: [&'a [u8]; 8],
    claims: &'a [Claim],
    /// The right secret, followed by those of [`Change::Secret`].
    secrets: Vec<Secret<'a>>,
    /// Bit set of the lengths of the claims.
    lengths: u128,
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
        let lengths = claims.iter().map(|claim| claim.digest.len());
        Self {
            right: right.each_ref().map(Vec::as_slice),
            claims,
            secrets: secrets.collect(),
            lengths: lengths.fold(0, |set, length| set | 1 << length),
            blocks: 0,
            text: Vec::new(),
        }
    }

    /// Tries the right string, each mistake, and pairs of mistakes, until the digest equals a claim
    /// or the work is too much. The mistakes are sorted by likelihood.
    pub(super) fn run(mut self, mistakes: &'a [Mistake]) -> Option<Finding<'a>> {
        let end_of =
            |likelihood| mistakes.partition_point(|mistake| mistake.likelihood <= likelihood);
        let common = mistakes
            .get(..end_of(Likelihood::Common))
            .unwrap_or_default();
        let rare = mistakes
            .get(common.len()..end_of(Likelihood::Rare))
            .unwrap_or_default();
        let common_pairs = diagonals(common.len(), common.len())
            .filter(|(first, second)| first < second)
            .filter_map(|(first, second)| Some([common.get(first)?, common.get(second)?]));
        let rare_pairs = diagonals(common.len(), rare.len())
            .filter_map(|(first, second)| Some([common.get(first)?, rare.get(second)?]));
        let pairs = common_pairs
            .chain(rare_pairs)
            .filter(|[first, second]| first.changed() & second.changed() == 0);
        let trials = std::iter::once(Vec::new())
            .chain(mistakes.iter().map(|mistake| vec![mistake]))
            .chain(pairs.map(Vec::from));
        for mistakes in trials {
            if let Some(claim) = self.test(&mistakes) {
                return Some(Finding { mistakes, claim });
            }
            if self.blocks > MAX_BLOCKS {
                break;
            }
        }
        None
    }

    /// Returns the claim that equals the digest with these mistakes.
    fn test<'b>(&mut self, mistakes: &[&'b Mistake]) -> Option<&'a Claim>
    where
        'a: 'b,
    {
        let mut parts: [&[u8]; 8] = self.right;
        let (mut layout, mut algorithm, mut secret) = (Layout::Right, Algorithm::HmacSha256, 0);
        for mistake in mistakes {
            match &mistake.change {
                Change::Parts(changes) => {
                    for (part, bytes) in changes {
                        if let Some(place) = parts.get_mut(*part as usize) {
                            *place = bytes;
                        }
                    }
                }
                Change::Layout(changed) => layout = *changed,
                Change::Algorithm(changed) => algorithm = *changed,
                Change::Secret(changed) => secret = *changed,
            }
        }
        if self.lengths & 1 << algorithm.length() == 0 {
            return None;
        }
        self.text.clear();
        layout.write(&parts, &mut self.text);
        // One block more for the padding, and one for the outer digest of HMAC.
        self.blocks += self.text.len() / BLOCK + 2;
        let secret = self.secrets.get(secret)?;
        let digest = match (algorithm, &secret.keyed) {
            (Algorithm::HmacSha256, Some(keyed)) => {
                let mut mac = keyed.clone();
                mac.update(&self.text);
                mac.finalize().into_bytes().to_vec()
            }
            (algorithm, _) => algorithm.digest(secret.bytes, &self.text),
        };
        self.claims
            .iter()
            .find(|claim| equals(&claim.digest, &digest))
    }
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
