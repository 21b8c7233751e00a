//! The events, by what they are of.

/// Makes the struct of each event, whose `log` writes the line, and the list of them.
///
/// A definition reads: what it says (as documentation), its level, its struct, its name, its sentence, what to do, and
/// its fields.
macro_rules! events {
    ($list:ident $target:literal $(
        $(#[doc = $meaning:literal])+
        $level:ident $Event:ident $(<$life:lifetime>)? $name:literal $sentence:literal $remedy:literal
        { $( $field:ident: $type:ty ),* $(,)? }
    )+) => {
        $(
            $(#[doc = $meaning])+
            #[allow(missing_docs, reason = "each field is described once, in `FIELDS`")]
            #[derive(Clone, Copy)]
            pub struct $Event $(<$life>)? {
                $( pub $field: $type, )*
            }

            impl $(<$life>)? $Event $(<$life>)? {
                /// Writes the line.
                pub fn log(self) {
                    #[allow(unused_imports, reason = "an event may have no field")]
                    use $crate::field::Loggable;
                    tracing::event!(
                        target: $target,
                        tracing::Level::$level,
                        { event = $name $(, $field = self.$field.value())* },
                        $sentence
                    );
                }
            }
        )+

        /// Their list.
        pub(crate) const $list: &[$crate::Event] = &[ $(
            $crate::Event {
                name: $name,
                level: $crate::events::level(tracing::Level::$level),
                target: $target,
                fields: &[ $( stringify!($field) ),* ],
                meaning: concat!($($meaning),+),
                remedy: $remedy,
            },
        )+ ];
    };
}

mod detect;
mod folder;
mod input;
mod kafka;
mod outputs;
mod process;
mod serve;
mod store;

pub use detect::*;
pub use folder::*;
pub use input::*;
pub use kafka::*;
pub use outputs::*;
pub use process::*;
pub use serve::*;
pub use store::*;

pub(crate) use {detect::DETECT, folder::FOLDER, input::INPUT, kafka::KAFKA};
pub(crate) use {outputs::OUTPUTS, process::PROCESS, serve::SERVE, store::STORE};

/// The word for a level.
const fn level(level: tracing::Level) -> &'static str {
    match level {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        tracing::Level::DEBUG => "debug",
        tracing::Level::TRACE => "trace",
    }
}
