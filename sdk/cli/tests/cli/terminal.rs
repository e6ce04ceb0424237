//! The program on a terminal, which the program `script` of Linux provides.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::world::{World, address};

/// Width of the terminal.
const COLUMNS: usize = 80;
/// The character that Ctrl-C sends.
const CTRL_C: &[u8] = b"\x03";

/// Returns a command that runs the program on a terminal. Its standard output is the output of the
/// terminal, and its standard input is the keyboard.
fn on_terminal(world: &World, arguments: &[&str]) -> Command {
    let program = world.command(arguments);
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let words: Vec<_> = words
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let line = format!("stty cols {COLUMNS}; exec {}", words.join(" "));
    let mut command = Command::new("script");
    command
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("TERM", "xterm")
        .current_dir(world.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Returns the lines that the terminal shows after this output, without empty ones.
fn screen(output: &str) -> Vec<String> {
    let mut lines = vec![vec![' '; COLUMNS]];
    let (mut row, mut column) = (0_usize, 0);
    let mut characters = output.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' => {
                assert_eq!(characters.next(), Some('['), "{output:?}");
                let mut number = String::new();
                let end = loop {
                    match characters.next().unwrap() {
                        digit if digit.is_ascii_digit() => number.push(digit),
                        '?' => {}
                        end => break end,
                    }
                };
                match (end, number.parse().unwrap_or(1)) {
                    ('A', count) => row = row.saturating_sub(count),
                    ('B', count) => row += count,
                    ('K', _) => lines[row] = vec![' '; COLUMNS],
                    ('h' | 'l' | 'm', _) => {}
                    other => panic!("{other:?} in {output:?}"),
                }
            }
            visible => {
                // The next character after the last column is on the next line.
                if column == COLUMNS {
                    (row, column) = (row + 1, 0);
                }
                lines.resize(lines.len().max(row + 1), vec![' '; COLUMNS]);
                lines[row][column] = visible;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), vec![' '; COLUMNS]);
    }
    let lines = lines
        .iter()
        .map(|line| line.iter().collect::<String>().trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn ctrl_c_removes_the_progress_bar() {
    let world = World::new();
    world.write("big", vec![b'x'; 20 << 20]);
    let target = address("big");
    let copy = [
        "cp",
        "--part-size",
        "4M",
        "--limit-rate",
        "1M",
        "big",
        &target,
    ];
    let mut child = on_terminal(&world, &copy).spawn().unwrap();
    let mut terminal = child.stdout.take().unwrap();
    let mut output = Vec::new();
    let mut read = |until: &str| {
        let mut buffer = [0; 1024];
        while !String::from_utf8_lossy(&output).contains(until) {
            match terminal.read(&mut buffer).unwrap() {
                0 => break,
                count => output.extend_from_slice(&buffer[..count]),
            }
        }
        String::from_utf8_lossy(&output).into_owned()
    };
    let bar = screen(&read(" MiB/20.00 MiB"));
    assert!(bar.join("").contains("0 done"), "{bar:?}");
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(CTRL_C).unwrap();
    let output = read("never");
    assert_eq!(child.wait().unwrap().code(), Some(130), "{output:?}");
    assert!(
        output.contains("^C"),
        "the terminal shows the key: {output:?}"
    );
    let left = ["interrupted", &format!("aborted: {target}")];
    assert_eq!(screen(&output), left, "{output:?}");
}

#[test]
fn only_a_yes_confirms_a_deletion() {
    let world = World::new();
    let folder = address("x");
    let remove = ["rm", "-r", &folder];
    for (answer, is_yes) in [
        ("y\n", true),
        (" YES \n", true),
        ("是\n", true),
        ("n\n", false),
        ("\n", false),
        ("yesno\n", false),
        // Ctrl-D, the end of the input.
        ("\x04", false),
    ] {
        world.put("x/a", "1");
        let mut child = on_terminal(&world, &remove).spawn().unwrap();
        let mut terminal = child.stdout.take().unwrap();
        let mut output = Vec::new();
        while !output.ends_with(b"? [y/N] ") {
            let mut byte = [0];
            assert_eq!(terminal.read(&mut byte).unwrap(), 1, "{output:?}");
            output.push(byte[0]);
        }
        assert_eq!(
            world.keys(),
            ["x/a"],
            "nothing is deleted before the answer"
        );
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(answer.as_bytes()).unwrap();
        terminal.read_to_end(&mut output).unwrap();
        let output = String::from_utf8_lossy(&output);
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(i32::from(!is_yes)), "{answer:?}: {output}");
        assert_eq!(world.keys().is_empty(), is_yes, "{answer:?}: {output}");
        assert_eq!(output.contains("not confirmed"), !is_yes, "{answer:?}");
    }
}

#[test]
fn lists_quote_names_that_would_change_the_terminal() {
    let world = World::new();
    for key in ["a\nb", r"a\nb", "\u{1b}[2J"] {
        world.put(key, "");
    }
    let child = on_terminal(&world, &["ls", "qs://cli-test"])
        .output()
        .unwrap();
    let output = String::from_utf8(child.stdout).unwrap();
    let mut lines: Vec<_> = output.lines().map(str::trim_end).collect();
    lines.sort_unstable();
    assert_eq!(lines, [r"$'\x1b[2J'", r"$'a\nb'", r"a\nb"]);
}

#[test]
fn no_progress_is_drawn_into_content() {
    let world = World::new();
    let lines = "line\n".repeat(200_000);
    world.put("a", &lines);
    let action = format!("download {} -> /dev/tty\n", address("a"));
    for (target, after) in [("-", ""), ("/dev/tty", &action)] {
        let copy = ["cp", "--limit-rate", "2M", &address("a"), target];
        let output = on_terminal(&world, &copy).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(
            shown.replace('\r', "") == format!("{lines}{after}"),
            "{target}: {} bytes",
            shown.len()
        );
    }
    // The content is elsewhere.
    let copy = ["cp", "--limit-rate", "2M", &address("a"), "copy"];
    let output = on_terminal(&world, &copy).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("0 done"), "{shown}");
}
