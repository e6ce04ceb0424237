//! Why a file is transferred or skipped, and why something failed, in the language of the locale.

use qingstor_sdk::{
    Error, ErrorKind, FileNameProblem, SkipReason, TransferReason, UnchangedReason,
};

use super::{Language, language};
use crate::action::Verb;
use crate::location::has_dot_segment;
use crate::messages;

/// Returns the verb of an action in the language of the locale.
pub(crate) fn verb(verb: Verb) -> &'static str {
    if language() == Language::English {
        return verb.as_str();
    }
    match verb {
        Verb::Upload => "上传",
        Verb::Download => "下载",
        Verb::Copy => "复制",
        Verb::Move => "移动",
        Verb::Delete => "删除",
        Verb::Skip => "跳过",
        Verb::CreateBucket => "创建",
        Verb::RemoveBucket => "移除",
        Verb::AbortUpload => "中止",
        Verb::Api => "请求",
        Verb::Cat => "输出",
        Verb::Check => "比较",
        Verb::Doctor => "诊断",
        Verb::Du => "统计",
        Verb::Find => "查找",
        Verb::List => "列出",
        Verb::Presign => "签名",
        Verb::Run => "执行",
        Verb::Stat => "查看",
        Verb::Other => "其他",
    }
}

/// Returns why a file is transferred.
pub(crate) fn transfer_reason(reason: TransferReason) -> String {
    if language() == Language::English {
        return reason.to_string();
    }
    match reason {
        TransferReason::New => "新增",
        TransferReason::SizeDiffers => "大小不同",
        TransferReason::Newer => "较新",
        TransferReason::TimeDiffers => "时间不同",
        TransferReason::ContentDiffers => "内容不同",
        other => return other.to_string(),
    }
    .to_owned()
}

/// Returns why a path is skipped, in English. The reasons of the client name its own options.
fn english_skip_reason(reason: &SkipReason) -> String {
    match reason {
        SkipReason::EmptySource => {
            "not deleted, because the source is empty and --max-delete is not set".to_owned()
        }
        SkipReason::TooManyDeletions => {
            "not deleted, because more than --max-delete paths would be".to_owned()
        }
        other => other.to_string(),
    }
}

/// Returns why this path is skipped.
pub(crate) fn skip_reason_of(path: &str, reason: &SkipReason) -> String {
    match reason {
        SkipReason::InvalidKey(_) if has_dot_segment(path) => messages::dot_segments(),
        other => skip_reason(other),
    }
}

/// Returns why a path is skipped, for reasons that do not depend on it.
pub(crate) fn skip_reason(reason: &SkipReason) -> String {
    if language() == Language::English {
        return english_skip_reason(reason);
    }
    match reason {
        SkipReason::Unchanged(reason) => {
            return format!("未改变（{}）", unchanged_text(*reason));
        }
        SkipReason::Unreadable(why) => return format!("无法读取：{why}"),
        SkipReason::NotCompared(why) => return format!("无法比较：{why}"),
        SkipReason::InvalidKey(why) => return format!("不能作为 key：{why}"),
        SkipReason::InvalidFileName(problem) => return file_name_problem(*problem),
        SkipReason::Conflict { with } => return format!("目标中不能与 {with:?} 同时存储"),
        SkipReason::Exists => "目标已存在",
        SkipReason::TargetNewer => "目标较新",
        SkipReason::LinkLoop => "链接指向包含它的文件夹",
        SkipReason::SpecialFile => "是管道、套接字或设备",
        SkipReason::DanglingLink => "链接没有指向任何文件",
        SkipReason::NotUtf8 => "名称不是 UTF-8",
        SkipReason::LinkInTarget => "路径中的文件夹是链接，不会跟随",
        SkipReason::SpecialFileInTarget => "目标位置是管道、套接字或设备",
        SkipReason::MarkerWithContent => "文件夹标记对象含有内容",
        SkipReason::SourceNotRead => "未删除，因为源中的此处没有被读取",
        SkipReason::EmptySource => "未删除，因为源为空且未设置 --max-delete",
        SkipReason::TooManyDeletions => "未删除，因为要删除的数量超过 --max-delete",
        SkipReason::TransferFailed => "未删除，因为有传输失败",
        other => return other.to_string(),
    }
    .to_owned()
}

fn unchanged_text(reason: UnchangedReason) -> String {
    match reason {
        UnchangedReason::SizeAndTime => "大小和时间相同",
        UnchangedReason::Size => "大小相同",
        UnchangedReason::Checksum => "内容相同",
        UnchangedReason::SizeWithoutChecksum => "大小相同；校验和不可比较",
        other => return other.to_string(),
    }
    .to_owned()
}

fn file_name_problem(problem: FileNameProblem) -> String {
    match problem {
        FileNameProblem::Absolute => "文件名不能以 `/` 开头",
        FileNameProblem::EmptySegment => "文件名不能包含 `//`",
        FileNameProblem::DotSegment => "文件名不能包含名为 `.` 或 `..` 的文件夹",
        FileNameProblem::Character(c) => return format!("文件名不能包含 {c:?}"),
        FileNameProblem::Reserved => "文件名是 Windows 的保留名称",
        FileNameProblem::TrailingDotOrSpace => "Windows 的文件名不能以点或空格结尾",
        FileNameProblem::TooLong => "文件名最多 255 字节",
        FileNameProblem::Temporary => "该文件名保留给下载的临时文件",
        other => return other.to_string(),
    }
    .to_owned()
}

/// Returns why the pattern of an operand is invalid.
pub(crate) fn pattern_reason(reason: &globset::ErrorKind) -> String {
    use globset::ErrorKind::{
        DanglingEscape, InvalidRange, UnclosedAlternates, UnclosedClass, UnopenedAlternates,
    };
    if language() == Language::English {
        return reason.to_string();
    }
    match reason {
        UnclosedClass => "方括号未闭合",
        InvalidRange(first, last) => return format!("范围 {first}-{last} 的顺序颠倒"),
        UnopenedAlternates => "花括号没有开头",
        UnclosedAlternates => "花括号未闭合",
        DanglingEscape => "反斜杠后没有字符",
        other => return other.to_string(),
    }
    .to_owned()
}

/// Returns why a filter is invalid. Takes the English reason of the client.
pub(crate) fn filter_reason(reason: &str) -> &str {
    if language() == Language::English {
        return reason;
    }
    match reason {
        "nothing follows the backslash" => "反斜杠后没有字符",
        "it has too many alternatives" => "可选的词过多",
        "a bracket is not closed" => "方括号未闭合",
        "a range in brackets is reversed" => "方括号中的范围顺序颠倒",
        "a brace is not opened" => "花括号没有开头",
        "a brace is not closed" => "花括号未闭合",
        other => other,
    }
}

/// Returns what kind of error this is, in Chinese. Its details stay in English, because the service
/// and the system write them. `None` if the locale is not Chinese.
pub(crate) fn error_summary(error: &Error) -> Option<&'static str> {
    if language() == Language::English {
        return None;
    }
    let status = error.status().map(|status| status.as_u16());
    Some(match (error.kind(), status) {
        (ErrorKind::Service, _) if error.is_not_found() => "不存在",
        (ErrorKind::Service, Some(401)) => "访问密钥或签名无效",
        (ErrorKind::Service, Some(403)) => "没有权限",
        (ErrorKind::Service, Some(409)) => "与现有内容冲突",
        (ErrorKind::Service, Some(412)) => "条件不满足",
        (ErrorKind::Service, Some(429)) => "请求过于频繁",
        (ErrorKind::Service, Some(500..=599)) => "服务端错误",
        (ErrorKind::Service, _) => "服务拒绝了请求",
        (ErrorKind::InvalidInput, _) => "参数无效",
        (ErrorKind::Config, _) => "配置错误",
        (ErrorKind::Credentials, _) => "缺少访问密钥，或无法读取",
        (ErrorKind::Connect, _) => "无法连接",
        (ErrorKind::Timeout, _) => "超时",
        (ErrorKind::Interrupted, _) => "连接中断",
        (ErrorKind::Decode, _) => "响应无效",
        (ErrorKind::Integrity, _) => "内容校验失败",
        (ErrorKind::Io, _) => "读写失败",
        _ => return None,
    })
}
