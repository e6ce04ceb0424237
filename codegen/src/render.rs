//! Stage 6: renders the templates of a pack in memory.

mod context;
mod error;
pub(crate) mod filters;
mod output_path;
mod run_limits;
mod template_check;
mod template_graph;
mod template_sources;

use tera::{Context, Tera};

pub use error::RenderError;
pub(crate) use output_path::LOCK_NAME;
pub(crate) use output_path::check as check_path;

use crate::diagnostic::{Finding, one_line};
use crate::model::Model;
use crate::pack::{FileRule, Pack};
use context::{Item, Root};
use output_path::Paths;
use run_limits::Rounds;
use template_sources::{TemplateSources, to_name, when_name};

/// Rendered outputs of a pack.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Whole files, sorted by path.
    pub files: Vec<RenderedFile>,
    /// Sections of existing files.
    pub sections: Vec<Section>,
    /// Templates that nothing renders or includes, and whose components nothing uses. Empty for
    /// packs with overriding folders, which can replace users of a template.
    pub unused_templates: Vec<String>,
    /// Warnings about the pack.
    pub warnings: Vec<Finding>,
}

/// A rendered file before formatting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Path in the output folder, with forward slashes.
    pub path: String,
    /// Path of the template in the pack.
    pub template: String,
    /// File of the specification that describes the item.
    pub spec: String,
    /// Text.
    pub text: String,
}

/// A section of an existing file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Path in the output folder.
    pub file: String,
    /// Name of the markers.
    pub marker: String,
    /// Text between the markers.
    pub text: String,
}

/// Renders all files of a pack.
///
/// # Errors
///
/// Returns an error if a template is wrong, or if two files have the same path.
pub(crate) fn render(model: &Model, pack: &Pack) -> Result<Rendered, RenderError> {
    render_within(model, pack, run_limits::MOST_ROUNDS)
}

/// Renders with a limit for the iterations of all loops in one file.
fn render_within(model: &Model, pack: &Pack, most_rounds: u64) -> Result<Rendered, RenderError> {
    let engine = Engine::with_limit(pack, most_rounds)?;
    let root = Root::new(model, pack)?;
    let mut context = root.context();
    let mut rendered = Rendered {
        unused_templates: engine.unused.clone(),
        warnings: engine.warnings.clone(),
        ..Rendered::default()
    };
    let mut paths = Paths::default();
    for (index, rule) in pack.manifest.files.iter().enumerate() {
        for item in root.items(rule.each) {
            match &item.value {
                Some(value) => context.insert_value("it", value.clone()),
                None => drop(context.remove("it")),
            }
            if !engine.is_rendered(index, rule, &context, &item)? {
                continue;
            }
            let text = engine.render(&rule.template, &context, &item)?;
            if let Some(into) = &rule.into {
                output_path::check(&into.file)
                    .map_err(|why| output_path::error(rule, &item, &into.file, why))?;
                paths.claim_section(into, rule, &item)?;
                rendered.sections.push(Section {
                    file: into.file.clone(),
                    marker: into.marker.clone(),
                    text,
                });
                continue;
            }
            let path = engine.render(&to_name(index), &context, &item)?;
            output_path::check(&path).map_err(|why| output_path::error(rule, &item, &path, why))?;
            paths.claim_file(&path, rule, &item)?;
            let spec = item.source.unwrap_or_else(|| model.source.clone());
            rendered.files.push(RenderedFile {
                text: with_header(pack, rule, &spec, &text),
                template: rule.template.clone(),
                path,
                spec,
            });
        }
    }
    rendered.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(rendered)
}

/// Tera with the templates, paths and conditions of a pack.
struct Engine<'p> {
    tera: Tera,
    texts: TemplateSources<'p>,
    rounds: Rounds,
    unused: Vec<String>,
    warnings: Vec<Finding>,
}

impl<'p> Engine<'p> {
    fn with_limit(pack: &'p Pack, most_rounds: u64) -> Result<Self, RenderError> {
        let texts = TemplateSources::new(pack);
        let all = texts.all();
        let uses = template_graph::of_all(&all);
        template_graph::check_cycles_and_depth(&texts, &uses)?;
        let mut tera = Tera::new();
        // Escaping depends on the output format, and templates use filters for it. HTML escaping
        // would break other formats.
        tera.autoescape_on(Vec::<String>::new());
        filters::register(&mut tera, &pack.manifest.naming);
        let rounds = Rounds::default();
        rounds.register(&mut tera, most_rounds);
        let limited = texts.limited.iter();
        tera.add_raw_templates(
            limited.map(|(name, limited)| (name.as_str(), limited.text.as_str())),
        )
        .map_err(|error| RenderError::template(&error, &texts, None))?;
        let options = serde_json::Value::Object(pack.manifest.options.clone());
        let unknown = template_check::check(&all, &texts.entries(), &options);
        if !unknown.is_empty() {
            return Err(RenderError::unknown(&unknown, &texts));
        }
        let read = template_check::Read::by(all.values().copied().chain(pack.replaced_texts()));
        let mut additions = pack.additions().iter();
        if let Some(addition) = additions.find(|addition| read.is_unread(addition)) {
            return Err(RenderError::unread_option(addition, pack));
        }
        let unread = read.unread(pack.manifest.options.keys()).into_iter();
        let warnings = unread
            .map(|option| error::unread_option(option, pack))
            .collect();
        let unused = template_graph::unused(pack, &uses);
        template_graph::check_unused_additions(pack, &unused)?;
        let unused = unused.into_iter().filter(|_| !pack.is_overridden());
        let unused = unused.map(|name| pack.template_name(name)).collect();
        Ok(Self {
            tera,
            texts,
            rounds,
            unused,
            warnings,
        })
    }

    /// Returns whether the condition `when` of a rule, if any, allows the file of an item.
    fn is_rendered(
        &self,
        index: usize,
        rule: &FileRule,
        context: &Context,
        item: &Item,
    ) -> Result<bool, RenderError> {
        match &rule.when {
            None => Ok(true),
            Some(_) => Ok(!self.render(&when_name(index), context, item)?.is_empty()),
        }
    }

    fn render(&self, name: &str, context: &Context, item: &Item) -> Result<String, RenderError> {
        self.rounds.restart();
        let mut output = run_limits::Output::default();
        self.tera
            .render_to(name, context, &mut output)
            .and_then(|()| Ok(String::from_utf8(output.bytes)?))
            .map_err(|error| {
                let rendering = (name, item.label.as_deref());
                RenderError::template(&error, &self.texts, Some(rendering))
            })
    }
}

/// Adds the header, and ends the file with a single line break.
fn with_header(pack: &Pack, rule: &FileRule, spec: &str, text: &str) -> String {
    let text = text.trim_start_matches(['\n', '\r']).trim_end();
    let template = one_line(&pack.template_name(&rule.template));
    let spec = one_line(spec);
    if let Some(header) = pack.header(rule) {
        let header = header
            .replace("{template}", &template)
            .replace("{spec}", &spec);
        return format!("{header}\n{text}\n");
    }
    let Some((comment, end)) = pack.comment(rule) else {
        return format!("{text}\n");
    };
    let header = format!(
        "{} @generated by {template} from {spec} {end}",
        comment.trim_end()
    );
    format!("{}\n{text}\n", header.trim_end())
}

/// Returns whether the header shows that the generator wrote the file.
pub(crate) fn has_header(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next();
    String::from_utf8_lossy(first.unwrap_or_default()).contains("@generated by ")
}

#[cfg(test)]
mod loop_growth;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loop_iterations_are_counted_per_file() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "pack.json",
            r#"{"model": "1", "files": [{"template": "t.tera", "for": "once", "to": "x"}]}"#,
        );
        let part =
            "{% component part() %}{% for a in range(end=30) %}{% endfor %}{% endcomponent part %}";
        write("part.tera", part);
        for (template, fits) in [
            ("{% for a in range(end=100) %}{% endfor %}", true),
            ("{% for a in range(end=101) %}{% endfor %}", false),
            (
                "{% for a in range(end=9) %}{% for b in range(end=10) %}{% endfor %}{% endfor %}",
                true,
            ),
            (
                "{% set r = range(end=10) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}",
                false,
            ),
            (
                "{{ [a for a in range(end=60)] | length }}{{ [a for a in range(end=60)] | length }}",
                false,
            ),
            (
                "{{ <part /> }}{{ <part /> }}{{ <part /> }}{{ <part /> }}",
                false,
            ),
        ] {
            write("t.tera", template);
            let pack = Pack::load(folder.path(), &[]).unwrap();
            let engine = Engine::with_limit(&pack, 100).unwrap();
            let item = Item {
                value: None,
                label: None,
                source: None,
                place: None,
            };
            // Renders twice, because each file starts with a new count.
            for _ in 0..2 {
                let result = engine.render("t.tera", &Context::new(), &item);
                assert_eq!(result.is_ok(), fits, "{template}: {result:?}");
                if let Err(error) = result {
                    let message = error.to_string();
                    assert!(message.contains("more than 100 iterations"), "{message}");
                    assert!(message.contains(".tera:1:"), "{message}");
                }
            }
        }
    }
}
