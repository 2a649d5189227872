//! The part of Python's literals that a `.npy` header is written in.

use super::error::Fault;

/// numpy writes no more than a few levels; a file may try to exhaust the stack.
const MAX_DEPTH: usize = 32;

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Str(String),
    Int(u64),
    Bool(bool),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Reads `text` as one literal and nothing more.
///
/// The same as `ast.literal_eval(text)` on what numpy writes: strings, integers from 0, `True`,
/// `False`, tuples, lists and dicts. The `L` that Python 2 put behind integers is read too.
pub(super) fn parse(text: &str) -> Result<Literal, Fault> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.skip_space();
    if parser.rest().is_empty() {
        Ok(value)
    } else {
        Err(parser.expected("the end"))
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, expected: &'static str) -> Fault {
        let at = self.at;
        Fault::HeaderSyntax { at, expected }
    }

    fn skip_space(&mut self) {
        self.at = self.text.len()
            - self
                .rest()
                .trim_start_matches([' ', '\t', '\n', '\r'])
                .len();
    }

    /// Steps over `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn next_char(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn value(&mut self, depth: usize) -> Result<Literal, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::HeaderNesting { limit: MAX_DEPTH });
        }
        self.skip_space();
        match self.rest().as_bytes().first() {
            Some(b'\'' | b'"') => self.string().map(Literal::Str),
            Some(b'0'..=b'9') => self.integer().map(Literal::Int),
            Some(b'(') => self.tuple(depth),
            Some(b'[') => {
                self.at += 1;
                Ok(Literal::List(self.sequence(depth, "]")?.0))
            }
            Some(b'{') => self.dict(depth),
            _ if self.take("True") => Ok(Literal::Bool(true)),
            _ if self.take("False") => Ok(Literal::Bool(false)),
            _ => Err(self.expected("a string, a number from 0, True, False, (, [ or {")),
        }
    }

    fn tuple(&mut self, depth: usize) -> Result<Literal, Fault> {
        self.at += 1;
        let (items, comma) = self.sequence(depth, ")")?;
        if items.len() == 1 && !comma {
            self.at -= 1;
            return Err(self.expected("a comma, which makes a tuple"));
        }
        Ok(Literal::Tuple(items))
    }

    /// Items up to `close`, and whether a comma stood behind the last.
    fn sequence(&mut self, depth: usize, close: &str) -> Result<(Vec<Literal>, bool), Fault> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.take(close) {
                return Ok((items, true));
            }
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(close) {
                return Ok((items, false));
            }
            if !self.take(",") {
                return Err(self.expected("a comma or the closing bracket"));
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.take("}") {
                return Ok(Literal::Dict(items));
            }
            let key = self.value(depth + 1)?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.expected("a colon"));
            }
            items.push((key, self.value(depth + 1)?));
            self.skip_space();
            if !self.take(",") && !self.rest().starts_with('}') {
                return Err(self.expected("a comma or the closing brace"));
            }
        }
    }

    fn integer(&mut self) -> Result<u64, Fault> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = &rest[..length];
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(self.expected("a number without leading zeros"));
        }
        let value = digits
            .parse()
            .map_err(|_| self.expected("a number below 2^64"))?;
        self.at += length;
        self.take("L");
        Ok(value)
    }

    fn string(&mut self) -> Result<String, Fault> {
        let quote = self.next_char();
        let mut text = String::new();
        loop {
            match self.next_char() {
                next if next == quote => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some('\n' | '\r' | '\0') | None => return Err(self.expected("a closing quote")),
                Some(other) => text.push(other),
            }
        }
    }

    /// What `repr` writes for characters that do not print.
    fn escape(&mut self) -> Result<char, Fault> {
        let digits = match self.next_char() {
            Some('\\') => return Ok('\\'),
            Some('\'') => return Ok('\''),
            Some('"') => return Ok('"'),
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => return Err(self.expected("an escape that repr writes")),
        };
        let code = self
            .rest()
            .get(..digits)
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32)
            .ok_or_else(|| self.expected("the hexadecimal digits of a character"))?;
        self.at += digits;
        Ok(code)
    }
}
