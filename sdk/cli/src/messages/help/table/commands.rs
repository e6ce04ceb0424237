//! Help of the commands, and headings.

/// The texts, line by line. Lines of examples are not translated.
pub(super) const TEXTS: &[(&str, &str)] = &[
    // Headings.
    ("Global options", "全局选项"),
    ("Transfers", "传输"),
    ("Properties of stored objects", "所存储对象的属性"),
    ("Operations", "操作"),
    ("Examples:", "示例："),
    ("Example:", "示例："),
    // The program.
    (
        "Manage buckets and objects of QingStor",
        "管理 QingStor 的存储空间和对象",
    ),
    (
        "  qingstor ls                                        list buckets",
        "  qingstor ls                                        列出存储空间",
    ),
    (
        "  qingstor cp photos/cat.jpg qs://bucket/cat.jpg     upload a file",
        "  qingstor cp photos/cat.jpg qs://bucket/cat.jpg     上传文件",
    ),
    (
        "  qingstor cp -r qs://bucket/photos/ photos          download a folder",
        "  qingstor cp -r qs://bucket/photos/ photos          下载文件夹",
    ),
    (
        "  qingstor sync --delete photos qs://bucket/photos   make the bucket equal to the folder",
        "  qingstor sync --delete photos qs://bucket/photos   使存储空间与文件夹相同",
    ),
    (
        "  qingstor emulator                                  start a local QingStor",
        "  qingstor emulator                                  启动本地 QingStor",
    ),
    (
        "Access keys are read from ~/.qingstor/config.yaml, or from the environment",
        "访问密钥取自 ~/.qingstor/config.yaml，或环境变量",
    ),
    (
        "variables QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY.",
        "QINGSTOR_ACCESS_KEY_ID 和 QINGSTOR_SECRET_ACCESS_KEY。",
    ),
    (
        "Patterns: * and ? match within one folder, ** matches across folders,",
        "模式：* 和 ? 只匹配同一文件夹内的字符，** 可跨越文件夹，",
    ),
    (
        "[abc] matches one of these characters, {a,b} one of these words.",
        "[abc] 匹配其中一个字符，{a,b} 匹配其中一个词。",
    ),
    (
        "A folder that matches includes everything below it with -r and -R, and",
        "使用 -r 和 -R 时，以及在 du 和 find 中，",
    ),
    ("always in du and find.", "匹配的文件夹包含其下的全部内容。"),
    (
        "Exit codes: 0 all done, 1 something failed, 2 wrong usage, 130 interrupted.",
        "退出码：0 全部完成，1 有失败，2 用法错误，130 被中断。",
    ),
    // Commands.
    ("List buckets or objects", "列出存储空间或对象"),
    (
        "Copy files and objects: up, down, and between buckets",
        "复制文件和对象：上传、下载、存储空间之间复制",
    ),
    (
        "Move files and objects: copy, then delete the source",
        "移动文件和对象：先复制，再删除源",
    ),
    (
        "Make a folder equal to another one: up, down, or between buckets",
        "使文件夹与另一个相同：上传、下载或在存储空间之间",
    ),
    (
        "Compare two folders, local or in buckets",
        "比较两个文件夹，本地或存储空间中的",
    ),
    ("Delete objects", "删除对象"),
    ("Print objects", "输出对象内容"),
    (
        "Store standard input as an object, and print it as well",
        "把标准输入存为对象，同时输出",
    ),
    (
        "Show the properties of buckets and objects",
        "显示存储空间和对象的属性",
    ),
    ("Add up the sizes of objects", "统计对象的总大小"),
    (
        "Find objects by name, age and size",
        "按名称、时间和大小查找对象",
    ),
    ("Create buckets", "创建存储空间"),
    ("Delete buckets", "删除存储空间"),
    (
        "Print a URL that gives access to an object for a limited time",
        "输出在限定时间内可访问对象的 URL",
    ),
    (
        "List or abort unfinished multipart uploads, which use storage",
        "列出或中止未完成的分段上传（它们占用存储空间）",
    ),
    ("List unfinished uploads", "列出未完成的上传"),
    (
        "Abort unfinished uploads, which frees their storage",
        "中止未完成的上传，释放其存储空间",
    ),
    (
        "Send one API request; there is a command for each operation",
        "发送一个 API 请求；每个操作都有一个命令",
    ),
    (
        "Run commands from a file or standard input in one process",
        "在一个进程中运行文件或标准输入中的命令",
    ),
    (
        "Start a local QingStor server for tests and development",
        "启动用于测试和开发的本地 QingStor 服务",
    ),
    (
        "Check the configuration, the connection and the rights, and say what to fix",
        "检查配置、连接和权限，并说明如何修正",
    ),
    (
        "Print the completion script of a shell, which also completes buckets and keys",
        "输出 shell 补全脚本，也能补全存储空间和 key",
    ),
    ("Print the manual page", "输出手册页"),
    // Notes.
    (
        "A filter without / matches the name of a file or folder at any depth. With a",
        "不含 / 的过滤条件匹配任意层级的文件或文件夹名称。",
    ),
    (
        "/ at the start or in the middle, it matches the path below the source. A",
        "开头或中间含 / 的条件匹配源之下的路径。",
    ),
    (
        "filter that matches a folder matches everything in it. Of several filters,",
        "匹配文件夹的条件也匹配其中的全部内容。有多个条件时，",
    ),
    (
        "the last one that matches decides; a path that none matches is included,",
        "由最后一个匹配的条件决定；没有条件匹配的路径会被包含，",
    ),
    (
        "unless the first filter is --include:",
        "除非第一个条件是 --include：",
    ),
    (
        "The target is a folder if it ends in /, is an existing folder, or if there",
        "如果目标以 / 结尾、是已存在的文件夹或有多个源，",
    ),
    (
        "are several sources; otherwise it is the name of the copy.",
        "则目标是文件夹；否则是副本的名称。",
    ),
    (
        "With -r, local folders that become empty are deleted, also the source. Those",
        "使用 -r 时，变空的本地文件夹（包括源文件夹）会被删除，",
    ),
    ("that were empty before stay.", "原本就为空的文件夹则保留。"),
    (
        "Excluded paths are neither copied nor deleted.",
        "被排除的路径既不复制也不删除。",
    ),
    (
        "A pair differs if its sizes, contents or times do, whichever side is newer. The",
        "大小、内容或时间不同即为不同，无论哪一侧较新。如果无需读取大文件",
    ),
    (
        "contents decide if both MD5s are known without reading a large file.",
        "就能知道两侧的 MD5，则以内容为准。",
    ),
    (
        "Exit codes: 0 equal, 1 something differs, 2 something could not be compared.",
        "退出码：0 相同，1 有差异，2 有内容无法比较。",
    ),
    (
        "-r deletes the object KEY and everything below the folder KEY/, but not",
        "-r 删除对象 KEY 以及文件夹 KEY/ 下的全部内容，",
    ),
    (
        "other keys that start with KEY: the pattern 'qs://bucket/KEY*' selects those.",
        "但不删除以 KEY 开头的其他 key：请使用模式 'qs://bucket/KEY*'。",
    ),
    (
        "The zone is --zone or, without --profile and --config, QINGSTOR_ZONE.",
        "区域由 --zone 指定；未使用 --profile 和 --config 时，也可由 QINGSTOR_ZONE 指定。",
    ),
    (
        "Each line is a command without the word qingstor. Empty lines and lines that",
        "每行是一条不带 qingstor 的命令。空行和以 # 开头的行",
    ),
    (
        "start with # are skipped. Quotes work as in a shell. Global options apply to",
        "会被跳过。引号的用法与 shell 相同。全局选项用于所有行：",
    ),
    ("all lines: write them before the file.", "请写在文件之前。"),
    (
        "Prints its address, the address of the console, and the settings for another",
        "输出服务地址、控制台地址，以及供另一个 shell 使用的 `export` 配置。",
    ),
    (
        "shell as `export` lines. Ctrl-C stops the server. The crate qingstor-emulator",
        "Ctrl-C 停止服务。",
    ),
    ("has more options.", "qingstor-emulator 提供更多选项。"),
    (
        "PREFIX foo also matches foo2: write foo/ for the folder. The service caches",
        "前缀 foo 也匹配 foo2：文件夹请写成 foo/。服务会缓存文件夹，",
    ),
    (
        "folders, so new ones may be missing for a while: -R lists all keys.",
        "新文件夹可能暂时缺失：-R 列出所有 key。",
    ),
];
