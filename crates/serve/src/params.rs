//! The parameters of a question, read one by one; those that nobody read are refused by name.

use headwater_model::{Country, Day};

use crate::Problem;

/// Parameters of one question.
const PARAMETERS_MAX: usize = 200;
/// Values of one list.
const VALUES_MAX: usize = 100;
/// Bytes of a value.
const VALUE_BYTES_MAX: usize = 512;

/// The query of a request. A parameter that takes a list takes it separated by commas, or repeated, or both.
pub(crate) struct Params {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Params {
    /// Takes a query apart.
    pub fn new(query: Option<&str>) -> Result<Params, Problem> {
        let given: Vec<(String, String)> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .into_owned()
            .take(PARAMETERS_MAX + 1)
            .collect();
        if given.len() > PARAMETERS_MAX {
            return Err(Problem::field("query", "", format!("at most {PARAMETERS_MAX} parameters")));
        }
        if let Some((name, value)) = given.iter().find(|(_, value)| value.len() > VALUE_BYTES_MAX) {
            return Err(Problem::field(name, value, format!("at most {VALUE_BYTES_MAX} bytes")));
        }
        Ok(Params { given, known: Vec::new() })
    }

    fn take(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (own, others) = std::mem::take(&mut self.given).into_iter().partition(|(given, _)| given == name);
        self.given = others;
        Vec::into_iter(own).map(|(_, value)| value).filter(|value| !value.is_empty()).collect()
    }

    /// One value, read by `read`.
    pub fn one<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let mut values = self.take(name);
        let Some(value) = values.pop() else { return Ok(None) };
        if let Some(other) = values.pop() {
            return Err(Problem::field(name, &format!("{other},{value}"), format!("one value: {allowed}")));
        }
        read(&value).map(Some).ok_or_else(|| Problem::field(name, &value, allowed))
    }

    /// A list, each value read by `read`.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Problem> {
        let values = self.take(name);
        let values: Vec<&str> =
            values.iter().flat_map(|value| value.split(',')).filter(|value| !value.is_empty()).collect();
        if values.len() > VALUES_MAX {
            return Err(Problem::field(name, &values.join(","), format!("at most {VALUES_MAX} values")));
        }
        values.into_iter().map(|value| read(value).ok_or_else(|| Problem::field(name, value, allowed))).collect()
    }

    /// Words of a closed list.
    pub fn words<T: Copy>(&mut self, name: &'static str, words: &[(&'static str, T)]) -> Result<Vec<T>, Problem> {
        self.list(name, &said(words), |value| word(words, value))
    }

    /// One word of a closed list.
    pub fn word<T: Copy>(&mut self, name: &'static str, words: &[(&'static str, T)]) -> Result<Option<T>, Problem> {
        self.one(name, &said(words), |value| word(words, value))
    }

    /// A day.
    pub fn day(&mut self, name: &'static str) -> Result<Option<Day>, Problem> {
        self.one(name, "a date YYYY-MM-DD", Day::parse)
    }

    /// Any texts.
    pub fn texts(&mut self, name: &'static str) -> Result<Vec<String>, Problem> {
        self.list(name, "a text", |value| Some(value.to_owned()))
    }

    /// Countries.
    pub fn countries(&mut self, name: &'static str) -> Result<Vec<Country>, Problem> {
        self.list(name, "an ISO 3166 alpha-2 code in capitals, as in US", |value| {
            Country::from_letters(value.as_bytes().try_into().ok()?)
        })
    }

    /// How many, at least 1 and at most `max`.
    pub fn limit(&mut self, default: usize, max: usize) -> Result<usize, Problem> {
        let allowed = format!("a whole number from 1 to {max}");
        let read = |value: &str| value.parse().ok().filter(|limit| (1..=max).contains(limit));
        Ok(self.one("limit", &allowed, read)?.unwrap_or(default))
    }

    /// Refuses what nobody took. Gives the names that were.
    pub fn finish(self) -> Result<(), Problem> {
        match self.given.first() {
            None => Ok(()),
            Some((name, value)) => {
                let allowed = match self.known[..] {
                    [] => "no parameter".to_owned(),
                    _ => format!("the parameters {}", self.known.join(", ")),
                };
                Err(Problem::field(name, value, allowed))
            }
        }
    }
}

/// Whether a text may be the id of a key, a session or a view.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn word<T: Copy>(words: &[(&'static str, T)], value: &str) -> Option<T> {
    words.iter().find(|(word, _)| *word == value).map(|(_, of)| *of)
}

fn said<T>(words: &[(&'static str, T)]) -> String {
    format!("one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))
}

/// A closed list of words of the model as [`Params::words`] takes it.
macro_rules! words {
    ($of:ty) => {
        &<$of>::ALL.iter().map(|word| (word.as_str(), *word)).collect::<Vec<_>>()[..]
    };
}
pub(crate) use words;
