//! `PostObject`: a form, which carries its own signature.
