//! Stage 6: a model and a pack in, files in memory out.

mod context;
mod error;
pub mod filters;
mod path;

use std::collections::HashMap;

use tera::{Context, Tera};

pub use error::RenderError;
pub use path::LOCK_NAME;
pub(crate) use path::check as check_path;

use crate::model::Model;
use crate::pack::{FileRule, Pack};
use context::{Item, Root};

/// All that a pack makes.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Whole files, sorted by path.
    pub files: Vec<RenderedFile>,
    /// Sections of files that are there.
    pub sections: Vec<Section>,
}

/// A file before it is formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// In the output folder, with forward slashes.
    pub path: String,
    /// The template, as a path in the pack.
    pub template: String,
    /// The specification's file that it came from.
    pub spec: String,
    /// Its text.
    pub text: String,
}

/// A section of a file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The file in the output folder.
    pub file: String,
    /// The name of the markers.
    pub marker: String,
    /// What goes between them.
    pub text: String,
}

/// Renders every file of a pack.
///
/// # Errors
///
/// A template is wrong, or two files would have one path. Nothing is rendered then.
pub fn render(model: &Model, pack: &Pack) -> Result<Rendered, RenderError> {
    let engine = Engine::new(pack)?;
    let root = Root::new(model, pack)?;
    let mut context = root.context();
    let mut rendered = Rendered::default();
    // Ignoring case: some file systems do.
    let mut owners: HashMap<String, String> = HashMap::new();
    for (index, rule) in pack.manifest.files.iter().enumerate() {
        for item in root.items(rule.each) {
            match &item.value {
                Some(value) => context.insert_value("it", value.clone()),
                None => drop(context.remove("it")),
            }
            if !engine.wanted(index, rule, &context, &item)? {
                continue;
            }
            let text = engine.render(&rule.template, &context, &item)?;
            if let Some(into) = &rule.into {
                path::check(&into.file).map_err(|why| path::error(rule, &item, &into.file, why))?;
                rendered.sections.push(Section {
                    file: into.file.clone(),
                    marker: into.marker.clone(),
                    text,
                });
                continue;
            }
            let to = engine.render(&to_name(index), &context, &item)?;
            path::check(&to).map_err(|why| path::error(rule, &item, &to, why))?;
            let owner = format!("`{}` for {}", rule.template, item.label);
            if let Some(first) = owners.insert(to.to_lowercase(), owner.clone()) {
                return Err(RenderError::Output(format!(
                    "two files would be written to `{to}`: {first} and {owner}; \
                     make `to` in pack.json tell them apart"
                )));
            }
            let spec = item.source.unwrap_or_else(|| model.source.clone());
            let text = with_header(pack, rule, &spec, &text);
            rendered.files.push(RenderedFile {
                path: to,
                template: rule.template.clone(),
                spec,
                text,
            });
        }
    }
    rendered.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(rendered)
}

/// Tera with the templates, paths and conditions of a pack.
struct Engine<'p> {
    tera: Tera,
    pack: &'p Pack,
}

impl<'p> Engine<'p> {
    fn new(pack: &'p Pack) -> Result<Self, RenderError> {
        let mut tera = Tera::new();
        // Each destination has a filter of its own; HTML's rules would spoil all others.
        tera.autoescape_on(Vec::<String>::new());
        filters::register(&mut tera, &pack.manifest.naming);
        let mut all: Vec<(String, String)> = pack
            .templates
            .iter()
            .map(|(name, template)| (name.clone(), template.text.clone()))
            .collect();
        for (index, rule) in pack.manifest.files.iter().enumerate() {
            if let Some(to) = &rule.to {
                all.push((to_name(index), to.clone()));
            }
            if let Some(when) = &rule.when {
                all.push((
                    when_name(index),
                    format!("{{% if {when} %}}yes{{% endif %}}"),
                ));
            }
        }
        tera.add_raw_templates(all)
            .map_err(|error| RenderError::template(&error, pack, None))?;
        Ok(Self { tera, pack })
    }

    fn wanted(
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
        self.tera
            .render(name, context)
            .map_err(|error| RenderError::template(&error, self.pack, Some(&item.label)))
    }
}

/// The name under which Tera knows the path of a file.
fn to_name(index: usize) -> String {
    format!("pack.json#/files/{index}/to")
}

/// The name under which Tera knows the condition of a file.
fn when_name(index: usize) -> String {
    format!("pack.json#/files/{index}/when")
}

/// Puts the line in front that says where the file came from; one line break ends the file.
fn with_header(pack: &Pack, rule: &FileRule, spec: &str, text: &str) -> String {
    let text = text.trim_start_matches(['\n', '\r']).trim_end();
    let Some((comment, end)) = pack.comment(rule) else {
        return format!("{text}\n");
    };
    let template = pack.portable_name(&rule.template);
    let header = format!(
        "{} @generated by {template} from {spec} {end}",
        comment.trim_end()
    );
    format!("{}\n{text}\n", header.trim_end())
}
