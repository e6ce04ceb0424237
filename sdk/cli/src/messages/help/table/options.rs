//! Help of options and operands.

/// The texts, line by line. Lines of examples are not translated.
pub(super) const TEXTS: &[(&str, &str)] = &[
    // Global options.
    (
        "Read the settings from this file instead of ~/.qingstor/config.yaml",
        "从此文件而不是 ~/.qingstor/config.yaml 读取配置",
    ),
    (
        "Read the settings from ~/.qingstor/NAME.yaml only",
        "只从 ~/.qingstor/NAME.yaml 读取配置",
    ),
    (
        "Address of the service, such as http://127.0.0.1:9000",
        "服务地址，例如 http://127.0.0.1:9000",
    ),
    (
        "Zone of all buckets of this command; by default QINGSTOR_ZONE, or each bucket's zone is looked up",
        "此命令所有存储空间的区域；默认为 QINGSTOR_ZONE，否则自动查找每个存储空间的区域",
    ),
    (
        "Do not sign requests, to read public objects",
        "不签名请求，用于读取公开对象",
    ),
    ("Print one JSON object per line", "每行输出一个 JSON 对象"),
    ("Print errors only", "只输出错误"),
    (
        "Print a line on standard error for each request, response and retry; also --verbose",
        "在标准错误中为每个请求、响应和重试输出一行；也可写作 --verbose",
    ),
    (
        "Treat * ? [ { in paths as ordinary characters",
        "把路径中的 * ? [ { 当作普通字符",
    ),
    // Operands.
    (
        "Files, folders, qs://BUCKET/KEY, patterns, or - for standard input; then the target",
        "文件、文件夹、qs://BUCKET/KEY、模式，或表示标准输入的 -；最后是目标",
    ),
    (
        "Folder or qs://BUCKET/FOLDER to read",
        "要读取的文件夹或 qs://BUCKET/FOLDER",
    ),
    (
        "Folder or qs://BUCKET/FOLDER to change",
        "要修改的文件夹或 qs://BUCKET/FOLDER",
    ),
    (
        "Folder or qs://BUCKET/FOLDER",
        "文件夹或 qs://BUCKET/FOLDER",
    ),
    (
        "qs://BUCKET, qs://BUCKET/PREFIX or a pattern; all buckets by default",
        "qs://BUCKET、qs://BUCKET/PREFIX 或模式；默认列出所有存储空间",
    ),
    ("qs://BUCKET/KEY or patterns", "qs://BUCKET/KEY 或模式"),
    ("qs://BUCKET/KEY", "qs://BUCKET/KEY"),
    (
        "qs://BUCKET, qs://BUCKET/KEY or patterns",
        "qs://BUCKET、qs://BUCKET/KEY 或模式",
    ),
    (
        "qs://BUCKET, qs://BUCKET/FOLDER or patterns",
        "qs://BUCKET、qs://BUCKET/FOLDER 或模式",
    ),
    (
        "qs://BUCKET or qs://BUCKET/FOLDER",
        "qs://BUCKET 或 qs://BUCKET/FOLDER",
    ),
    ("qs://BUCKET", "qs://BUCKET"),
    (
        "qs://BUCKET whose zone and rights are checked, too",
        "同时检查其区域和权限的 qs://BUCKET",
    ),
    (
        "File with commands; standard input by default",
        "命令文件；默认为标准输入",
    ),
    (
        "bash, zsh, fish, elvish or powershell",
        "bash、zsh、fish、elvish 或 powershell",
    ),
    // Transfers.
    (
        "Include folders with everything below them",
        "包含文件夹及其下的全部内容",
    ),
    ("Skip targets that exist", "跳过已存在的目标"),
    (
        "Continue interrupted transfers of large files, and keep what this one leaves",
        "继续被中断的大文件传输，并保留此次未完成的部分",
    ),
    ("Delete what the source does not have", "删除源中没有的内容"),
    (
        "Delete nothing if more than this number would be deleted",
        "如果要删除的数量超过此值，则什么都不删除",
    ),
    ("Compare sizes, not times", "比较大小，不比较时间"),
    (
        "Compare sizes and checksums, not times",
        "比较大小和校验和，不比较时间",
    ),
    (
        "Do not replace targets that are newer than the source",
        "不替换比源更新的目标",
    ),
    (
        "Do not report targets that are newer than the source",
        "不报告比源更新的目标",
    ),
    (
        "Compare keys that cannot be file names here with their encoded names, as --rename-invalid of sync",
        "对不能作为文件名的 key，与其编码后的名称比较，如同 sync 的 --rename-invalid",
    ),
    (
        "Include the paths that match; can be repeated",
        "包含匹配的路径；可重复使用",
    ),
    (
        "Exclude the paths that match; can be repeated",
        "排除匹配的路径；可重复使用",
    ),
    (
        "Print what would be done, and do nothing",
        "只输出将要执行的操作",
    ),
    (
        "Number of files at the same time; by default 16 single files, or 32 files of a folder",
        "同时传输的文件数；默认为 16 个单独的文件，或文件夹中的 32 个文件",
    ),
    (
        "Number of parts of one file at the same time; by default, it adapts to the throughput",
        "一个文件同时传输的分段数；默认根据吞吐量自动调整",
    ),
    (
        "Size of the parts of large files, 4M to 5G; by default 8M, or 512M for copies in a zone; copies between zones keep those of the source",
        "大文件的分段大小，4M 至 5G；默认为 8M，区域内复制时为 512M；区域之间的复制保持来源的分段大小",
    ),
    (
        "Maximum bytes per second of the whole command, such as 2M; single files follow one after the other",
        "整个命令每秒最多传输的字节数，例如 2M；单个文件会依次传输",
    ),
    (
        "Wait until downloaded files are on the disk; mv always does",
        "等待下载的文件写入磁盘；mv 始终等待",
    ),
    (
        "Compare checksums after each transfer (default)",
        "每次传输后比较校验和（默认）",
    ),
    (
        "Do not compare checksums, which saves CPU time",
        "不比较校验和，节省 CPU 时间",
    ),
    (
        "Show progress even if standard error is not a terminal: a line every few seconds",
        "即使标准错误不是终端也显示进度：每隔几秒一行",
    ),
    (
        "Skip symbolic links instead of following them",
        "跳过符号链接，而不跟随",
    ),
    (
        "Encode keys that cannot be file names here, instead of reporting them; uploads decode them",
        "对不能作为文件名的 key 进行编码，而不是报告错误；上传时解码",
    ),
    (
        "Media type; by default, that of the file name extension, or of the copied object",
        "媒体类型；默认由文件扩展名决定，复制对象时默认与源对象相同",
    ),
    (
        "Storage class, such as STANDARD_IA; by default STANDARD, or that of the copied object",
        "存储级别，例如 STANDARD_IA；默认为 STANDARD，复制对象时默认与源对象相同",
    ),
    (
        "User metadata; can be repeated. Replaces that of copied objects, except the time of the file",
        "用户元数据；可重复使用。复制对象时替换源对象的元数据，文件时间除外",
    ),
    (
        "File with the encryption key: 32 bytes, or their Base64",
        "加密密钥文件：32 字节或其 Base64",
    ),
    // Other options.
    (
        "Print time, size and storage class, too",
        "同时输出时间、大小和存储级别",
    ),
    ("Print sizes such as 1.5 MiB", "以 1.5 MiB 的形式输出大小"),
    (
        "End each entry with a NUL character, for xargs -0",
        "每个条目以 NUL 字符结尾，用于 xargs -0",
    ),
    (
        "End each entry with a NUL character; for xargs -0, find -0 prints whole addresses",
        "每个条目以 NUL 字符结尾；用于 xargs -0 时，find -0 输出完整地址",
    ),
    ("List everything below the prefix", "列出前缀下的全部内容"),
    (
        "List all versions and delete markers",
        "列出所有版本和删除标记",
    ),
    (
        "Print the number of objects and their total size at the end",
        "最后输出对象数量和总大小",
    ),
    (
        "Delete folders with everything below them",
        "删除文件夹及其下的全部内容",
    ),
    (
        "Delete all versions and delete markers permanently",
        "永久删除所有版本和删除标记",
    ),
    (
        "Print what would be deleted, and delete nothing",
        "只输出将要删除的内容",
    ),
    ("Do not ask", "不询问"),
    (
        "Do not ask; also -f and --force",
        "不询问；也可写成 -f 或 --force",
    ),
    (
        "Bytes to print: FIRST-LAST, FIRST-, or -N for the last N bytes",
        "要输出的字节：FIRST-LAST、FIRST-，或用 -N 表示最后 N 个字节",
    ),
    ("Version of the object", "对象的版本"),
    (
        "Only objects whose name, the part after the last /, matches this pattern",
        "只查找名称（最后一个 / 之后的部分）匹配此模式的对象",
    ),
    (
        "Only objects last modified longer ago than this, such as 30d or 12h",
        "只查找最后修改距今超过此时长的对象，例如 30d 或 12h",
    ),
    (
        "Only objects modified within this period, such as 30d or 12h",
        "只查找在此时长之内修改的对象，例如 30d 或 12h",
    ),
    (
        "Only objects with more bytes, such as 10M",
        "只查找大于此值的对象，例如 10M",
    ),
    (
        "Only objects with fewer bytes, such as 1K",
        "只查找小于此值的对象，例如 1K",
    ),
    (
        "Delete all objects, versions and unfinished uploads first",
        "先删除所有对象、版本和未完成的上传",
    ),
    (
        "Time during which the URL can be used, such as 10m, 1h or 7d",
        "URL 的有效时间，例如 10m、1h 或 7d",
    ),
    ("GET, HEAD, PUT or DELETE", "GET、HEAD、PUT 或 DELETE"),
    (
        "Media type that the user of a PUT URL must send",
        "PUT URL 的使用者必须发送的媒体类型",
    ),
    (
        "Print the curl command that uses the URL",
        "输出使用该 URL 的 curl 命令",
    ),
    (
        "Only uploads started longer ago than this, such as 7d or 12h",
        "只包括开始距今超过此时长的上传，例如 7d 或 12h",
    ),
    (
        "Print what would be aborted, and abort nothing",
        "只输出将要中止的上传",
    ),
    (
        "Number of commands that run at the same time",
        "同时运行的命令数",
    ),
    (
        "Address to listen on; port 0 chooses a free port",
        "监听地址；端口 0 表示选择空闲端口",
    ),
    (
        "Directory for buckets and objects; by default, they are removed at the end",
        "存放存储空间和对象的目录；默认在结束时删除",
    ),
    (
        "Keep buckets and objects in memory",
        "把存储空间和对象保存在内存中",
    ),
    (
        "Create these buckets, which must not exist yet",
        "创建这些尚不存在的存储空间",
    ),
];
