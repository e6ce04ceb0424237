//! Generates the routes of QingStor, and of an operation that `overlay.json` adds, in `OUT_DIR`.

use std::process::ExitCode;

use qingstor_codegen::Generator;

fn main() -> ExitCode {
    Generator::new()
        .spec("specs/qingstor/2016-01-06/api_v2.0.json")
        .overlay("specs/qingstor/overlay.json")
        .overlay("overlay.json")
        .pack("templates")
        .run_in_build_script()
}
