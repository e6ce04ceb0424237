//! All messages, in English and Chinese.
//!
//! The locale selects the language: `LC_ALL`, `LC_MESSAGES` or `LANG`, the first that is set. With `--json`,
//! messages are English.

pub(crate) mod help;
pub(crate) mod reasons;
pub(crate) mod usage_errors;

/// Texts of the operations, which are generated.
mod operations {
    pub(super) mod texts;
}

use std::fmt::Display;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A language of the messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Language {
    English,
    Chinese,
}

/// Whether the messages are English in every locale.
static IS_ENGLISH: AtomicBool = AtomicBool::new(false);

/// Sets whether the messages are English in every locale, because programs read them.
pub(crate) fn use_english(is_english: bool) {
    IS_ENGLISH.store(is_english, Ordering::Relaxed);
}

/// Returns the language of the messages: that of the locale, unless it is set.
pub(crate) fn language() -> Language {
    if IS_ENGLISH.load(Ordering::Relaxed) {
        return Language::English;
    }
    static LANGUAGE: OnceLock<Language> = OnceLock::new();
    *LANGUAGE.get_or_init(|| {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let mut values = names.iter().filter_map(|name| std::env::var(name).ok());
        match values.find(|value| !value.is_empty()) {
            Some(locale) if is_chinese(&locale) => Language::Chinese,
            _ => Language::English,
        }
    })
}

/// Returns the ending of an English noun after this number.
pub(crate) fn plural(number: u64) -> &'static str {
    match number {
        1 => "",
        _ => "s",
    }
}

/// Returns whether a locale, such as `zh_CN.UTF-8`, is Chinese. One whose encoding is not UTF-8 is not,
/// because a terminal would not display the messages.
fn is_chinese(locale: &str) -> bool {
    let language = locale.split(['_', '-', '.', '@']).next();
    let encoding = locale.split_once('.').map(|(_, encoding)| encoding);
    let encoding = encoding.and_then(|encoding| encoding.split('@').next());
    language.is_some_and(|language| language.eq_ignore_ascii_case("zh"))
        && encoding.is_none_or(|encoding| encoding.to_ascii_lowercase().replace('-', "") == "utf8")
}

/// Returns the text of an operation, or of one of its flags, in the language of the locale. `flag` is
/// empty for the operation itself, and `english` is the text in the specification.
pub(crate) fn operation_text(operation: &str, flag: &str, english: &'static str) -> &'static str {
    if language() == Language::English {
        return english;
    }
    let mut texts = operations::texts::TEXTS.iter();
    let text = texts.find(|(id, name, _)| *id == operation && *name == flag);
    text.map_or(english, |(_, _, text)| text)
}

/// Defines a function for each message, with a text for each language.
macro_rules! messages {
    ($($(#[$attribute:meta])? $name:ident($($argument:ident),*) { $english:literal $chinese:literal })*) => {$(
        $(#[$attribute])?
        pub(crate) fn $name($($argument: impl Display),*) -> String {
            match language() {
                Language::English => format!($english),
                Language::Chinese => format!($chinese),
            }
        }
    )*};
}

messages! {
    // Parts of lines.
    error(text) { "error: {text}" "错误：{text}" }
    with_cause(text, cause) { "{text}: {cause}" "{text}：{cause}" }
    failed_action(action, reason) { "{action}: {reason}" "{action}：{reason}" }
    with_summary(summary, text) { "{summary}: {text}" "{summary}（{text}）" }
    line_number(number) { "line {number}" "第 {number} 行" }
    bytes(number, plural) { "{number} byte{plural}" "{number} 字节" }
    summary(objects, plural, bytes) { "{objects} object{plural}, {bytes}" "{objects} 个对象，{bytes}" }

    // Wrong usage.
    not_utf8(arguments) { "not valid UTF-8: {arguments}" "不是有效的 UTF-8：{arguments}" }
    empty_path() { "a path is empty" "路径为空" }
    no_bucket(path) { "`{path}` does not name a bucket: write qs://BUCKET/KEY" "`{path}` 缺少存储空间名称：请写成 qs://BUCKET/KEY" }
    no_key(path) { "`{path}` does not name an object: write qs://BUCKET/KEY" "`{path}` 缺少对象名称：请写成 qs://BUCKET/KEY" }
    not_remote(path, address) { "`{path}` is not in a bucket: write {address}" "`{path}` 不在存储空间中：请写成 {address}" }
    not_a_bucket(path) { "`{path}` is not a bucket: write qs://BUCKET" "`{path}` 不是存储空间：请写成 qs://BUCKET" }
    invalid_pattern(pattern, reason) { "invalid pattern `{pattern}`: {reason}" "模式 `{pattern}` 无效：{reason}" }
    invalid_pattern_of_path(pattern, reason) { "invalid pattern `{pattern}`: {reason}; use --raw for a file or object of this name" "模式 `{pattern}` 无效：{reason}；如果是文件或对象的名称，请使用 --raw" }
    both_local(source, target, address) { "neither `{source}` nor `{target}` is in a bucket: write {address}" "`{source}` 和 `{target}` 都不在存储空间中：请写成 {address}" }
    several_to_one(target) { "several sources need a folder as target: write `{target}/`" "多个源需要以文件夹为目标：请写成 `{target}/`" }
    several_to_stdout() { "standard output takes one source: print several with `qingstor cat`" "标准输出只接受一个源：请用 `qingstor cat` 输出多个对象" }
    move_to_stdout() { "mv deletes its source, so it cannot write to standard output, where the content may be lost: use `qingstor cp`" "mv 会删除源，因此不能写入标准输出，否则内容可能丢失：请使用 `qingstor cp`" }
    move_to_stream(path) { "{path} is not a regular file, so mv cannot write to it, where the content may be lost: use `qingstor cp`" "{path} 不是普通文件，mv 不能写入它，否则内容可能丢失：请使用 `qingstor cp`" }
    not_a_target_file(path, source) { "{path} is not a regular file: use `qingstor cat {source} > {path}`" "{path} 不是普通文件：请使用 `qingstor cat {source} > {path}`" }
    stdin_needs_key() { "standard input needs the name of an object as target, not a folder" "标准输入需要以对象名称为目标，而不是文件夹" }
    folder_is_not_an_object(path) { "{path} is a folder, not an object" "{path} 是文件夹，不是对象" }
    folder_needs_recursive(path) { "{path} is a folder: use -r" "{path} 是文件夹：请使用 -r" }
    zone_ignored() { "the zone is not known: QINGSTOR_ZONE is ignored, because --profile, --config or QINGSTOR_PROFILE is set; use --zone" "未指定区域：由于设置了 --profile、--config 或 QINGSTOR_PROFILE，QINGSTOR_ZONE 被忽略；请使用 --zone" }
    needs_zone() { "the zone is not known: use --zone, such as --zone pek3a, or set QINGSTOR_ZONE; `qingstor api ListLocations` lists the zones" "未指定区域：请使用 --zone（例如 --zone pek3a）或设置 QINGSTOR_ZONE；`qingstor api ListLocations` 列出所有区域" }
    needs_yes(action) { "{action}: this needs --yes without a terminal" "{action}：没有终端时需要 --yes" }
    source_is_a_file(path) { "`{path}` is not a folder: `qingstor cp` copies single files" "`{path}` 不是文件夹：`qingstor cp` 可复制单个文件" }
    target_is_a_file(path) { "the target `{path}` exists as a file: several files need a folder" "目标 `{path}` 已存在且是文件：多个文件需要以文件夹为目标" }
    stdin_is_not_a_folder() { "standard input is not a folder" "标准输入不是文件夹" }
    folder_to_stdout() { "standard output takes one object, not a folder or a pattern: `qingstor cat` prints all objects that match a pattern" "标准输出只接受一个对象，而不是文件夹或模式：`qingstor cat` 可输出与模式匹配的所有对象" }
    needs_stored_object(option) { "{option} applies to stored objects, but the target is not in a bucket" "{option} 用于所存储的对象，但目标不在存储空间中" }
    needs_file(option) { "{option} applies to files, but no file is uploaded or downloaded" "{option} 用于文件，但没有文件要上传或下载" }
    needs_download(option) { "{option} applies to downloaded files, but the target is not a file or folder" "{option} 用于下载的文件，但目标不是文件或文件夹" }
    needs_upload(option) { "{option} applies to uploaded files, but no source is a file or folder" "{option} 用于上传的文件，但没有源是文件或文件夹" }
    needs_listed_bucket(option) { "{option} applies to objects: write qs://BUCKET, too" "{option} 用于对象：请同时写出 qs://BUCKET" }
    sizes_need_long() { "-H needs -l, which prints sizes" "-H 需要与输出大小的 -l 一起使用" }
    needs_sizes() { "-H needs -l or --summarize, which print sizes" "-H 需要与输出大小的 -l 或 --summarize 一起使用" }
    content_type_needs_put() { "--content-type can only be used with --method PUT" "--content-type 只能与 --method PUT 一起使用" }
    expected_object() { "expected a JSON object, or @FILE" "应为 JSON 对象或 @FILE" }
    file_needs_at(file) { "write `@{file}` for the content of the file" "要使用文件的内容，请写成 `@{file}`" }
    file_without_at(file) { "write the name of the file without `@`: `{file}`" "请写不带 `@` 的文件名：`{file}`" }
    expected_number(text) { "`{text}` is not a number" "`{text}` 不是数字" }
    expected_boolean(text) { "`{text}` is neither true nor false" "`{text}` 不是 true 或 false" }
    expected_pair(text) { "expected KEY=VALUE, not `{text}`" "应为 KEY=VALUE，而不是 `{text}`" }
    expected_range() { "expected FIRST-LAST, FIRST- or -N" "应为 FIRST-LAST、FIRST- 或 -N" }
    expected_size(text) { "`{text}` is not a size such as 4096, 16M or 1.5G" "`{text}` 不是大小，例如 4096、16M 或 1.5G" }
    expected_duration(text) { "`{text}` is not a duration such as 10m, 12h or 30d" "`{text}` 不是时长，例如 10m、12h 或 30d" }
    part_size_out_of_range() { "a part has 4 MiB to 5 GiB" "分段大小应为 4 MiB 至 5 GiB" }
    rate_is_zero() { "a rate is at least 1 byte per second" "速率至少为每秒 1 字节" }
    validity_too_short() { "a URL is valid for at least 1 second" "URL 的有效期至少为 1 秒" }
    needs_command() { "a command is missing: see --help" "缺少命令：请参阅 --help" }
    needs_target() { "write at least one source, and then the target" "请写出至少一个源，然后是目标" }
    stdin_has_commands() { "standard input contains the commands, so a command cannot read it" "标准输入中是命令，因此命令不能再读取它" }
    overlap(source, target) { "{source} and {target} overlap: copy the files, then delete the source" "{source} 与 {target} 重叠：请先复制，再删除源" }
    no_access_key() { "no access key" "没有访问密钥" }
    no_credentials() { "no access key: write access_key_id and secret_access_key into ~/.qingstor/config.yaml, or set QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY, or read public objects with --anonymous" "没有访问密钥：请在 ~/.qingstor/config.yaml 中写入 access_key_id 和 secret_access_key，或设置 QINGSTOR_ACCESS_KEY_ID 和 QINGSTOR_SECRET_ACCESS_KEY，或使用 --anonymous 读取公开对象" }
    invalid_profile(name) { "`{name}` is not the name of a profile" "`{name}` 不是配置名称" }
    no_home() { "the home directory is not known" "无法确定主目录" }
    quotes_not_closed() { "a quote is not closed" "引号未闭合" }
    options_in_run() { "global options belong to the command run itself, before the file" "全局选项应写在 run 命令本身，位于文件之前" }
    not_in_run(command) { "{command} cannot be used within run" "run 中不能使用 {command}" }
    help_instead_of_sizes() { "-h prints the help: write -H for sizes such as 1.5 MiB, or only --help" "-h 显示帮助：要输出 1.5 MiB 这样的大小请使用 -H，要显示帮助请只写 --help" }
    presign_needs_key() { "a URL is signed with an access key: leave --anonymous out" "URL 需要用访问密钥签名：请去掉 --anonymous" }
    required_option(option) { "{option} is required" "缺少 {option}" }
    invalid_value(option, reason) { "invalid value of {option}: {reason}" "{option} 的值无效：{reason}" }

    // Flags of every operation.
    help_dry_run() { "Print the signed request as a curl command, and do not send it" "以 curl 命令输出已签名的请求，不发送" }
    help_show_secrets() { "Show the signature, encryption keys and fetched URLs in the curl command" "在 curl 命令中显示签名、加密密钥和抓取的 URL" }
    help_bucket() { "Name of the bucket" "存储空间名称" }
    help_source_version() { "Version of the source; if not set, the newest" "来源的版本；不填则为最新版本" }
    help_output() { "Write the content to this file instead of standard output" "把内容写入此文件，而不是标准输出" }
    help_body() { "The whole JSON body, or @FILE with it; flags replace its fields" "完整的 JSON 消息体，或包含它的 @FILE；其他选项替换其中的字段" }

    // Questions.
    ask(question) { "{question}? [y/N] " "{question}？[y/N] " }
    delete_folder(path) { "delete {path} and everything below it" "删除 {path} 及其下的全部内容" }
    delete_matches(path) { "delete everything that matches {path}" "删除所有匹配 {path} 的对象" }
    delete_matches_below(path) { "delete everything that matches {path}, and everything below it" "删除所有匹配 {path} 的对象，及其下的全部内容" }
    delete_versions(path) { "permanently delete all versions of {path}" "永久删除 {path} 的所有版本" }
    delete_bucket(bucket) { "delete the bucket {bucket} with all its objects" "删除存储空间 {bucket} 及其全部对象" }
    abort_uploads(path) { "abort the unfinished uploads of {path}" "中止 {path} 未完成的上传" }
    not_confirmed() { "not confirmed" "未确认" }

    // Results.
    object_and_folder() { "the object has the name of the folder, and is not copied with it: copy it without -r" "该对象与文件夹同名，不会随文件夹复制：请不带 -r 复制它" }
    nothing_matches(path) { "nothing matches {path}" "没有匹配 {path} 的内容" }
    only_folders_match(path) { "only folders match {path}: use -r" "只有文件夹匹配 {path}：请使用 -r" }
    nothing_included() { "warning: --include and --exclude leave nothing to do" "警告：按照 --include 和 --exclude，没有需要处理的内容" }
    zone_not_found(bucket) { "the zone of the bucket {bucket} cannot be looked up: use --zone" "无法查询存储空间 {bucket} 所在的区域：请使用 --zone" }
    no_such_bucket_in_zone(bucket, zone) { "the bucket {bucket} does not exist in the zone {zone}" "区域 {zone} 中不存在存储空间 {bucket}" }
    no_such_bucket(bucket) { "the bucket {bucket} does not exist" "存储空间 {bucket} 不存在" }
    bucket_not_empty() { "the bucket contains objects: use --force to delete them, too" "存储空间中有对象：使用 --force 一并删除" }
    not_deleted(count, reason) { "{count} more: {reason}" "另有 {count} 个：{reason}" }
    no_such_object(path) { "{path} does not exist" "{path} 不存在" }
    dot_segments() { "a request cannot contain the segments `.` and `..`; `qingstor rm` deletes such an object" "请求中不能包含路径段 `.` 和 `..`；`qingstor rm` 可删除这样的对象" }
    dot_segments_in_target(path) { "{path}: a request cannot contain the segments `.` and `..`: write the key without them" "{path}：请求中不能包含路径段 `.` 和 `..`：请写不含它们的 key" }
    slash_before_target(path) { "{path}: a request cannot store a key that starts with `/`: write one `/` after the name of the bucket" "{path}：请求不能存储以 `/` 开头的 key：请在存储空间名称后只写一个 `/`" }
    no_such_file(path) { "{path} does not exist" "{path} 不存在" }
    not_a_file(path) { "{path} is not a regular file; the content of a pipe can be piped into `cp -`" "{path} 不是普通文件；管道的内容可以通过管道传给 `cp -`" }
    same_file(path) { "{path}: source and target are the same" "{path}：源和目标相同" }
    line_feed_in_name() { "a line cannot contain this name, because the name has a line feed: use --json; ls and find also have -0" "名称中有换行符，无法输出为一行：请使用 --json；ls 和 find 也可使用 -0" }
    exists(path) { "{path} exists" "{path} 已存在" }
    would_overwrite(path, other) { "{path} is also the target of {other}" "{path} 也是 {other} 的目标" }
    would_overwrite_other_case(path, other) { "{path} is the same file, and the target of {other}" "{path} 是同一个文件，也是 {other} 的目标" }
    unsafe_name(key) { "the key `{key}` cannot be a file name below the target" "key `{key}` 不能作为目标下的文件名" }
    not_deleted_source(path) { "{path} was copied but not deleted" "{path} 已复制但未删除" }
    changed_since_copy() { "it has changed in the meantime" "它在此期间已被修改" }
    symbolic_link() { "symbolic link" "符号链接" }
    move_of_link(path) { "{path} is a link to a folder: write `{path}/` to move the files of that folder" "{path} 是指向文件夹的链接：要移动该文件夹的文件，请写成 `{path}/`" }
    below_link(link) { "{link}: the files below this link were copied but not deleted" "{link}：此链接下的文件已复制但未删除" }
    files_done(files) { "{files} done," "已完成 {files}，" }
    progress(files, bytes, total, rate) { "{files} files, {bytes} of {total}, {rate}/s" "{files} 个文件，{bytes} / {total}，{rate}/秒" }
    interrupted() { "interrupted" "已中断" }
    started_again(target) { "started again, the file has changed: {target}" "文件已改变，重新开始上传：{target}" }
    transfer_kept(target) { "kept, the same command continues it: {target}" "已保留，重复同一命令可续传：{target}" }
    upload_kept_without_parts(target) { "kept, but none of its parts is complete: {target}" "已保留，但还没有完成的分段：{target}" }
    upload_aborted(target) { "aborted: {target}" "已中止：{target}" }
    upload_aborted_or_completed(target) { "aborted, or already complete: {target}" "已中止，或已完成：{target}" }
    upload_unknown(target) { "not aborted, see `qingstor uploads ls`: {target}" "未中止，请查看 `qingstor uploads ls`：{target}" }
    differs(path, reason) { "{path}: {reason}" "{path}：{reason}" }
    with_size(reason, size) { "{reason}, {size}" "{reason}，{size}" }
    only_in_source() { "only in the source" "仅存在于源" }
    only_in_target() { "only in the target" "仅存在于目标" }
    changed_while_read(target) { "the file changed during the upload, twice; {target} is the previous object, or a mixture of both contents" "文件在上传期间两次被修改；{target} 是原来的对象，或两种内容的混合" }
    source_not_read() { "cannot be compared, because the source was not read there" "无法比较，因为源中的此处没有被读取" }
    checksums_not_comparable() { "cannot be compared: same size, but the checksums are not comparable" "无法比较：大小相同，但校验和不可比较" }
    not_compared(count) { "paths that could not be compared: {count}" "无法比较的路径数：{count}" }
    equal(count) { "equal files: {count}" "相同的文件：{count}" }

    // Emulator.
    #[cfg(feature = "emulator")]
    emulator_listening(address) { "listening on {address}" "正在监听 {address}" }
    #[cfg(feature = "emulator")]
    emulator_console(url) { "console in the browser: {url}" "浏览器控制台：{url}" }
    #[cfg(feature = "emulator")]
    emulator_settings() { "# settings for another shell; Ctrl-C stops the server" "# 用于另一个 shell 的配置；Ctrl-C 停止服务" }

    // Doctor.
    check_passed(text) { "ok      {text}" "正常    {text}" }
    check_failed(text) { "FAILED  {text}" "失败    {text}" }
    check_fix(text) { "        fix: {text}" "        处理：{text}" }
    settings_found(place) { "settings: {place}" "配置：{place}" }
    settings_environment() { "the environment" "环境变量" }
    settings_none() { "no file; defaults, options and environment variables" "没有文件；使用默认值、选项和环境变量" }
    settings_missing() { "write access_key_id and secret_access_key into ~/.qingstor/config.yaml, or set QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY" "在 ~/.qingstor/config.yaml 中写入 access_key_id 和 secret_access_key，或设置 QINGSTOR_ACCESS_KEY_ID 和 QINGSTOR_SECRET_ACCESS_KEY" }
    unknown_setting(path, line, key) { "{path}:{line}: unknown setting `{key}`" "{path}:{line}：未知配置项 `{key}`" }
    fix_unknown_setting(similar) { "write `{similar}` instead" "请改为 `{similar}`" }
    other_settings(path, keys) { "{path} has settings of other programs, which are ignored: {keys}" "{path} 中有其他程序的配置项，已忽略：{keys}" }
    fix_settings() { "correct the file, variable or option that the message names" "请更正消息中提到的文件、变量或选项" }
    service_reached(buckets) { "the service accepts the access key; number of its buckets: {buckets}" "服务接受该访问密钥；可见存储空间数：{buckets}" }
    no_request_id() { "the response has no request ID, so it does not come from the service" "响应没有请求 ID，因此不是来自该服务" }
    service_anonymous() { "the service responds; requests are not signed" "服务有响应；请求未签名" }
    fix_connection() { "check --endpoint, the network, and the proxy" "请检查 --endpoint、网络和代理" }
    fix_key() { "check the access key in the console of QingCloud; the service does not accept it" "请在青云控制台检查访问密钥；服务不接受该密钥" }
    fix_rights(operation) { "the policy or ACL of the bucket must allow {operation} for this access key" "存储空间的策略或 ACL 必须允许该访问密钥执行 {operation}" }
    fix_account_rights(operation) { "this access key may not use {operation}: change its permissions in the console of QingCloud" "该访问密钥无权执行 {operation}：请在青云控制台修改其权限" }
    fix_later() { "the service cannot respond now: retry later" "服务暂时无法响应：请稍后再试" }
    clock_right(seconds) { "the clock differs from that of the service by {seconds} s" "本机时钟与服务相差 {seconds} 秒" }
    fix_clock() { "set the clock of this computer, or let a time service set it" "请校准本机时钟，或启用时间同步服务" }
    bucket_in_other_zone(bucket, zone, other) { "the bucket {bucket} is in {zone}, not in {other}" "存储空间 {bucket} 位于 {zone}，而不是 {other}" }
    fix_zone(zone) { "use --zone {zone}, or leave out --zone and QINGSTOR_ZONE" "请使用 --zone {zone}，或不设置 --zone 和 QINGSTOR_ZONE" }
    fix_unknown_zone() { "use --zone with the zone of the bucket" "请使用 --zone 指定存储空间所在的区域" }
    bucket_zone(bucket, zone) { "the bucket {bucket} is in {zone}" "存储空间 {bucket} 位于 {zone}" }
    fix_bucket() { "check the name, `qingstor ls` lists your buckets" "请检查名称，`qingstor ls` 列出您的存储空间" }
    bucket_right(operation) { "{operation} is allowed" "允许 {operation}" }
}
