// Texts of the page: English and Chinese.
const TEXTS = {
  buckets: ["Buckets", "存储空间"], requests: ["Requests", "请求"], faults: ["Faults", "故障"], figures: ["Figures", "统计"],
  skip: ["Skip to content", "跳到正文"], account: ["Account", "账号"], language: ["Language", "语言"], theme: ["Theme", "主题"],
  auto: ["Auto", "自动"], light: ["Light", "浅色"], dark: ["Dark", "深色"],
  create: ["Create", "创建"], cancel: ["Cancel", "取消"], close: ["Close", "关闭"], save: ["Save", "保存"], edit: ["Edit", "编辑"], remove: ["Delete", "删除"], copy: ["Copy", "复制"], copied: ["Copied", "已复制"],
  createBucket: ["Create bucket", "创建存储空间"], bucketName: ["Name", "名称"], bucketHint: ["6 to 63 lower-case letters, digits and hyphens", "6 至 63 个小写字母、数字或连字符"],
  allowUploads: ["Allow uploads from this console (adds a CORS rule)", "允许从控制台上传（添加 CORS 规则）"],
  noBuckets: ["No buckets yet", "还没有存储空间"], noBucketsHint: ["Buckets that you or your programs create appear here.", "您或您的程序创建的存储空间会显示在这里。"],
  name: ["Name", "名称"], zone: ["Zone", "区域"], created: ["Created", "创建时间"], size: ["Size", "大小"], modified: ["Modified", "修改时间"], type: ["Type", "类型"],
  deleteBucket: ["Delete bucket {0}?", "删除存储空间 {0}？"], deleteBucketHint: ["The bucket must be empty.", "存储空间必须为空。"],
  settings: ["Settings", "设置"], upload: ["Upload", "上传"], uploadFolder: ["Upload folder", "上传文件夹"], newFolder: ["New folder", "新建文件夹"], folderName: ["Folder name", "文件夹名称"],
  filter: ["Filter", "筛选"], filterNames: ["Filter by name", "按名称筛选"], showVersions: ["Versions", "版本"], refresh: ["Refresh", "刷新"],
  emptyBucket: ["No objects here", "这里没有对象"], emptyHint: ["Drop files here to upload them.", "将文件拖放到此处即可上传。"],
  selected: ["{0} selected", "已选择 {0} 项"], selectAll: ["Select all", "全选"], select: ["Select {0}", "选择 {0}"], items: ["Items: {0}", "{0} 项"], loading: ["Loading…", "加载中…"], page: ["Page {0} of {1}", "第 {0} / {1} 页"], previous: ["Previous", "上一页"], next: ["Next", "下一页"],
  deleteObjects: ["Delete {0} objects?", "删除 {0} 个对象？"], deleteObject: ["Delete {0}?", "删除 {0}？"], deleteFolderHint: ["All objects in the selected folders are deleted, too.", "所选文件夹中的所有对象也会被删除。"], cannotUndo: ["This cannot be undone.", "此操作无法撤销。"],
  deleted: ["Deleted", "已删除"], saved: ["Saved", "已保存"], uploaded: ["Uploaded {0}", "已上传 {0}"], uploading: ["Uploading {0}", "正在上传 {0}"], uploadFailed: ["Cannot upload {0}: {1}", "无法上传 {0}：{1}"],
  corsTitle: ["Allow uploads from the browser?", "允许从浏览器上传？"],
  corsHint: ["The page uploads to {0}, which is another origin, as a web application would. The bucket needs a CORS rule for {1}.", "页面会像普通网页应用一样上传到另一个源 {0}，因此存储空间需要一条允许 {1} 的 CORS 规则。"],
  addRule: ["Add rule and upload", "添加规则并上传"],
  download: ["Download", "下载"], copyLink: ["Signed link", "签名链接"], linkTitle: ["Signed link", "签名链接"], linkHint: ["Everybody who has the link can read the object until it expires.", "在链接过期之前，任何持有链接的人都可以读取该对象。"], lifetime: ["Valid for", "有效期"],
  hour: ["1 hour", "1 小时"], minutes: ["10 minutes", "10 分钟"], day: ["1 day", "1 天"], week: ["7 days", "7 天"],
  metadata: ["Metadata", "元数据"], preview: ["Preview", "预览"], noPreview: ["There is no preview of this type.", "此类型无法预览。"], cut: ["The first {0} of {1}", "前 {0}，共 {1}"], versions: ["Versions", "版本"], version: ["Version", "版本"], latest: ["latest", "最新"], deleteMarker: ["delete marker", "删除标记"],
  noSetting: ["Not set", "未设置"], settingsHint: ["The JSON document of the API.", "API 的 JSON 文档。"], invalidJson: ["This is not JSON: {0}", "不是 JSON：{0}"],
  time: ["Time", "时间"], operation: ["Operation", "操作"], status: ["Status", "状态"], duration: ["Duration", "耗时"], bytes: ["Bytes", "字节"], requestId: ["Request ID", "请求 ID"], target: ["Target", "目标"], client: ["Client", "客户端"], user: ["User", "用户"], fault: ["Fault rule", "故障规则"], code: ["Code", "错误码"],
  filterRequests: ["Operation, path, status, code or ID", "操作、路径、状态、错误码或 ID"], showOwn: ["Requests of this page", "本页面的请求"], live: ["Live", "实时"], paused: ["Paused", "已暂停"], pause: ["Pause", "暂停"], resume: ["Resume", "继续"], clear: ["Clear", "清空"],
  noRequests: ["No requests yet", "还没有请求"], noRequestsHint: ["Requests of your programs appear here as they arrive.", "您的程序发出的请求会实时显示在这里。"], noMatch: ["Nothing matches the filter", "没有匹配的内容"],
  explanation: ["Explanation", "诊断"], stringToSign: ["String to sign", "待签名字符串"], requestHeaders: ["Request headers", "请求头"], responseHeaders: ["Response headers", "响应头"], reset: ["connection reset", "连接重置"],
  addFault: ["Add rule", "添加规则"], faultRule: ["Rule", "规则"], matches: ["Matches", "匹配"], hits: ["Hits", "生效"], noFaults: ["No fault rules", "没有故障规则"], noFaultsHint: ["Rules make operations fail or slow down, for tests of retries.", "规则可让操作失败或变慢，用于测试重试。"], removeAll: ["Remove all", "全部移除"], seed: ["Seed", "种子"], counters: ["Changing the rules resets the counters.", "修改规则会重置计数器。"], removeRule: ["Remove rule {0}", "移除规则 {0}"],
  anyOperation: ["Any operation", "任意操作"], effect: ["Effect", "效果"], times: ["Times (empty: always)", "次数（留空：总是）"], probability: ["Probability", "概率"], asText: ["Rule as text", "规则文本"],
  total: ["Requests", "请求数"], errors: ["Errors", "错误"], received: ["Received", "接收"], sent: ["Sent", "发送"], byStatus: ["By status", "按状态"], byOperation: ["By operation", "按操作"], latency: ["Latency", "延迟分布"], average: ["Average", "平均"], other: ["other", "其他"], ownExcluded: ["Requests of this page are not counted.", "不统计本页面的请求。"],
  notFound: ["Not found", "未找到"], offline: ["The emulator does not respond.", "模拟器没有响应。"], network: ["the browser blocked the request or the connection broke", "浏览器阻止了请求或连接中断"],
};

const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
export const store = (name, value) => { try { localStorage.setItem(name, value); } catch { /* Private windows. */ } };
export const language = stored("language") || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
export const theme = stored("theme") || "auto";
export const account = stored("account");

// Returns a text with its placeholders replaced.
export function t(name, ...values) {
  const text = TEXTS[name] ? TEXTS[name][language === "zh" ? 1 : 0] : name;
  return text.replace(/\{(\d)\}/g, (_, index) => values[index] ?? "");
}
