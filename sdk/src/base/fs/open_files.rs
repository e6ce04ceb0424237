//! The number of files that the process may open.

/// Returns how many files and connections the process may have open; `None` if the system does
/// not report it.
pub(crate) fn open_file_limit() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    parse_limit(&limits)
}

fn parse_limit(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_counts() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\n\
             Max cpu time              unlimited            unlimited            seconds\n\
             Max open files            1024                 524288               files\n";
        assert_eq!(parse_limit(limits), Some(1024));
        assert_eq!(
            parse_limit("Max open files unlimited unlimited files"),
            None
        );
        assert_eq!(parse_limit(""), None);
    }
}
