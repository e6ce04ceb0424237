//! Text rendering with the bitmaps of GNU Unifont, which cover the Basic Multilingual Plane and
//! need no font file.

use unifont::Glyph;

/// Height of a glyph, in pixels.
const GLYPH_HEIGHT: u32 = 16;
/// Number of samples per pixel in each direction, for smooth edges.
const PARTS: u32 = 4;
/// Character that replaces characters without a glyph.
const REPLACEMENT: char = '\u{fffd}';

/// A scaled line of text.
pub(super) struct Line {
    /// Columns of all glyphs from left to right: the glyph, and the column in it.
    columns: Vec<(&'static Glyph, usize)>,
    height: u32,
}

impl Line {
    pub(super) fn new(text: &str, height: u32) -> Self {
        let columns = text
            .chars()
            .filter_map(|character| {
                unifont::get_glyph(character).or_else(|| unifont::get_glyph(REPLACEMENT))
            })
            .flat_map(|glyph| (0..glyph.get_width()).map(move |column| (glyph, column)))
            .collect();
        Self {
            columns,
            height: height.max(1),
        }
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    pub(super) fn width(&self) -> u32 {
        let width = self.columns.len() as u64 * u64::from(self.height);
        u32::try_from(width.div_ceil(u64::from(GLYPH_HEIGHT))).unwrap_or(u32::MAX)
    }

    /// Returns the fraction of a pixel that the text covers, from 0 to 1.
    pub(super) fn coverage(&self, x: u32, y: u32) -> f32 {
        let covered = (0..PARTS)
            .flat_map(|part_y| (0..PARTS).map(move |part_x| (part_x, part_y)))
            .filter(|&(part_x, part_y)| {
                self.is_set(self.unscaled(x, part_x), self.unscaled(y, part_y))
            })
            .count();
        covered as f32 / (PARTS * PARTS) as f32
    }

    /// Returns the column or row of the glyph bitmap at the center of a sample.
    fn unscaled(&self, pixel: u32, part: u32) -> usize {
        let halves = u64::from(pixel) * u64::from(2 * PARTS) + u64::from(2 * part + 1);
        let scaled =
            halves * u64::from(GLYPH_HEIGHT) / (u64::from(2 * PARTS) * u64::from(self.height));
        usize::try_from(scaled).unwrap_or(usize::MAX)
    }

    fn is_set(&self, column: usize, row: usize) -> bool {
        self.columns
            .get(column)
            .is_some_and(|(glyph, x)| glyph.get_pixel(*x, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws a line without scaling.
    fn draw(text: &str) -> Vec<String> {
        let line = Line::new(text, GLYPH_HEIGHT);
        (0..line.height())
            .map(|y| {
                (0..line.width())
                    .map(|x| match line.coverage(x, y) {
                        0.0 => ' ',
                        1.0 => '#',
                        _ => '+',
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn places_glyphs_side_by_side() {
        let letter = draw("T");
        assert_eq!(letter[4], " ####### ".get(..8).unwrap());
        assert_eq!(letter[8].trim_end(), "    #");
        let both = draw("T水");
        assert_eq!(both[0].len(), 8 + 16);
        let second = draw("水");
        for row in 0..16 {
            assert_eq!(both[row], format!("{}{}", letter[row], second[row]));
        }
    }

    #[test]
    fn characters_without_a_glyph_are_replaced() {
        for character in "水印文字Aé本ж한".chars() {
            let drawn = draw(&character.to_string()).concat();
            assert!(drawn.contains('#'), "{character}");
            assert_ne!(drawn, draw("\u{fffd}").concat(), "{character}");
        }
        // The font does not have glyphs beyond the Basic Multilingual Plane.
        assert_eq!(draw("😀"), draw("\u{fffd}"));
        assert!(draw("😀").concat().contains('#'));
    }

    #[test]
    fn scales_lines() {
        for (height, width) in [(16, 24), (8, 12), (32, 48), (1, 2), (5, 8)] {
            let line = Line::new("T水", height);
            assert_eq!((line.width(), line.height()), (width, height));
            let covered = (0..height)
                .flat_map(|y| (0..width).map(move |x| (x, y)))
                .filter(|&(x, y)| line.coverage(x, y) > 0.0)
                .count();
            assert!(covered > 0, "{height}");
        }
        // Twice the size, four times the pixels.
        let (small, large) = (Line::new("水", 16), Line::new("水", 32));
        assert_eq!(large.coverage(15, 13), small.coverage(7, 6));
        assert_eq!(Line::new("", 16).width(), 0);
    }
}
