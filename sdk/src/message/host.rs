//! Checks hosts of URLs, and converts internationalized ones to ASCII.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Returns whether this is a host in ASCII: a name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn is_valid(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or_default();
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let last_label = host.trim_end_matches('.').rsplit('.').next();
    host.bytes().all(is_allowed)
        && last_label.is_some_and(|label| !label.is_empty())
        && (!last_label.is_some_and(is_number) || host.parse::<Ipv4Addr>().is_ok())
}

/// Converts the name of a host to ASCII: labels with other letters become `xn--` and Punycode
/// (RFC 3492). Returns `None` for characters outside of the alphabets of [`is_supported`], whose
/// forms would have to be normalized with the tables of Unicode.
pub(crate) fn to_ascii(name: &str) -> Option<String> {
    let labels: Option<Vec<String>> = name
        // The full stops of Chinese and Japanese texts.
        .replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], ".")
        .split('.')
        .map(label_to_ascii)
        .collect();
    let host = labels?.join(".");
    is_valid(&host).then_some(host)
}

fn label_to_ascii(label: &str) -> Option<String> {
    let label: Vec<char> = label.chars().flat_map(char::to_lowercase).collect();
    if label.iter().all(char::is_ascii) {
        return Some(label.into_iter().collect());
    }
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || is_supported(*c);
    if !label.iter().all(is_allowed) || label.first() == Some(&'-') {
        return None;
    }
    Some(format!("xn--{}", punycode(&label)?))
}

/// Returns whether a lower-case character is a letter whose form is unique: of Latin, Greek,
/// Cyrillic, Chinese, Japanese or Korean.
fn is_supported(c: char) -> bool {
    match c {
        // Division sign, ligatures, and letters with a separate dot or apostrophe.
        '\u{f7}' | '\u{132}' | '\u{133}' | '\u{13f}' | '\u{140}' | '\u{149}' => false,
        '\u{df}'..='\u{17e}' | '\u{3ac}'..='\u{3ce}' | '\u{430}'..='\u{45f}' => true,
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}' => true,
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        _ => false,
    }
}

/// Encodes a label with the algorithm of RFC 3492, section 6.3. Returns `None` if it is too long.
fn punycode(label: &[char]) -> Option<String> {
    const BASE: u32 = 36;
    const T_MIN: u32 = 1;
    const T_MAX: u32 = 26;
    let mut encoded: String = label.iter().filter(|c| c.is_ascii()).collect();
    let basic = u32::try_from(encoded.len()).ok()?;
    if basic > 0 {
        encoded.push('-');
    }
    let (mut next, mut delta, mut bias, mut handled) = (0x80, 0_u32, 72, basic);
    while (handled as usize) < label.len() {
        let least = label
            .iter()
            .map(|&c| u32::from(c))
            .filter(|&c| c >= next)
            .min()?;
        delta = delta.checked_add((least - next).checked_mul(handled + 1)?)?;
        next = least;
        for c in label.iter().map(|&c| u32::from(c)) {
            if c < next {
                delta = delta.checked_add(1)?;
            }
            if c != next {
                continue;
            }
            let (mut rest, mut k) = (delta, BASE);
            loop {
                let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
                if rest < threshold {
                    break;
                }
                let span = BASE - threshold;
                encoded.push(punycode_digit(threshold + (rest - threshold) % span));
                rest = (rest - threshold) / span;
                k += BASE;
            }
            encoded.push(punycode_digit(rest));
            bias = adapted_bias(delta, handled + 1, handled == basic);
            (delta, handled) = (0, handled + 1);
        }
        (delta, next) = (delta.checked_add(1)?, next + 1);
    }
    Some(encoded)
}

/// The digits are `a` to `z`, then `0` to `9`.
fn punycode_digit(value: u32) -> char {
    const DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    DIGITS
        .get(value as usize)
        .map_or('a', |&digit| digit.into())
}

fn adapted_bias(delta: u32, points: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for host in [
            "a.com",
            "a_b.c",
            "a.com.",
            "xn--fiqs8s",
            "127.0.0.1",
            "[::1]",
            "1a.b2",
        ] {
            assert!(is_valid(host), "{host}");
        }
        for host in [
            "",
            ".",
            "a b",
            "a/b",
            "a@b",
            "a:80",
            "256.1.1.1",
            "1.2",
            "[::1",
            "::1",
            "中",
        ] {
            assert!(!is_valid(host), "{host}");
        }
    }

    #[test]
    fn names_are_converted_with_known_results() {
        // From RFC 3492, section 7.1, and the registries of the top-level domains.
        for (name, ascii) in [
            ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"),
            ("他們爲什麽不說中文", "xn--ihqwctvzc91f659drss3x8bo0yb"),
            (
                "почемужеонинеговорятпорусски",
                "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l",
            ),
            (
                "なぜみんな日本語を話してくれないのか",
                "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
            ),
            ("3年B組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("中国", "xn--fiqs8s"),
            ("한국", "xn--3e0b707e"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Some(ascii), "{name}");
        }
    }

    /// Every supported letter has the encoding that the URL standard demands.
    #[test]
    fn supported_letters_are_encoded_like_a_url_library_does() {
        let is_lower_case = |c: &char| c.to_lowercase().eq([*c]);
        let letters: Vec<char> = ('\u{80}'..'\u{e000}')
            .filter(|c| is_lower_case(c) && is_supported(*c))
            .collect();
        assert!(letters.len() > 30_000);
        for letter in letters {
            let name = format!("a{letter}b");
            let url = reqwest::Url::parse(&format!("http://{name}/")).unwrap();
            assert_eq!(to_ascii(&name).as_deref(), url.host_str(), "{letter:?}");
        }
    }
}
