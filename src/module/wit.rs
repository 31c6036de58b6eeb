//! Function signatures from WIT: embedded in a component, or given as text.

use std::collections::HashSet;

use wit_parser::{Function, FunctionKind, Resolve, Type, TypeDefKind, TypeId, WorldId, WorldItem};

use super::types::{GuestSignature, GuestType};
use crate::error::{Error, Result};

/// How deep a type may be.
const MAX_DEPTH: usize = 32;
/// How many parts it may have.
const MAX_TYPES: usize = 2000;

/// What is left of them.
struct Budget {
    depth: usize,
    types: usize,
}

/// A resolved WIT world whose exports are the functions that SQL may name.
#[derive(Debug)]
pub(crate) struct Wit {
    pub(crate) resolve: Resolve,
    pub(crate) world: WorldId,
}

impl Wit {
    /// Reads the world that is embedded in a binary component.
    pub(crate) fn of_component(bytes: &[u8]) -> Result<Self> {
        match wit_component::decode(bytes).map_err(|e| Error::Module(format!("{e:#}")))? {
            wit_component::DecodedWasm::Component(resolve, world) => Ok(Self { resolve, world }),
            wit_component::DecodedWasm::WitPackage(..) => {
                Err(Error::Module("it holds WIT definitions only, no code".into()))
            }
        }
    }

    /// Parses WIT text. The package needs exactly one world.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut resolve = Resolve::default();
        let package = match resolve.push_source("function.wit", text) {
            Ok(package) => package,
            Err(e) => return Err(Error::Signature(format!("WIT: {}", resolve.render_error(&e)))),
        };
        let world = match resolve.select_world(&[package], None) {
            Ok(world) => world,
            Err(e) => return Err(Error::Signature(format!("WIT: {}", resolve.render_error(&e)))),
        };
        Ok(Self { resolve, world })
    }

    /// The exported functions, `name` or `interface#name`.
    pub(crate) fn functions(&self) -> Vec<(String, &Function)> {
        let mut found = Vec::new();
        for (key, item) in &self.resolve.worlds[self.world].exports {
            match item {
                WorldItem::Function(function) => found.push((function.name.clone(), function)),
                WorldItem::Interface { id, .. } => {
                    let interface = self.resolve.name_world_key(key);
                    for (name, function) in &self.resolve.interfaces[*id].functions {
                        found.push((format!("{interface}#{name}"), function));
                    }
                }
                WorldItem::Type { .. } => {}
            }
        }
        found
    }

    /// The imported functions and resources that are not WASI's, by their kind and name: `the function interface#name`.
    pub(crate) fn foreign_imports(&self) -> Vec<String> {
        let is_resource = |id: &TypeId| matches!(self.resolve.types[*id].kind, TypeDefKind::Resource);
        let mut found = Vec::new();
        for (key, item) in &self.resolve.worlds[self.world].imports {
            let name = self.resolve.name_world_key(key);
            match item {
                WorldItem::Function(function) => found.push(format!("the function {}", function.name)),
                WorldItem::Type { id, .. } if is_resource(id) => found.push(format!("the resource {name}")),
                WorldItem::Interface { id, .. } if !name.starts_with("wasi:") => {
                    let interface = &self.resolve.interfaces[*id];
                    found.extend(interface.functions.keys().map(|function| format!("the function {name}#{function}")));
                    let resources = interface.types.iter().filter(|(_, id)| is_resource(id));
                    found.extend(resources.map(|(resource, _)| format!("the resource {name}#{resource}")));
                }
                _ => {}
            }
        }
        found
    }

    /// The names of imported interfaces, without their versions.
    pub(crate) fn imported_interfaces(&self) -> HashSet<String> {
        let imports = self.resolve.worlds[self.world].imports.keys();
        imports.map(|key| super::unversioned(&self.resolve.name_world_key(key)).to_owned()).collect()
    }

    /// The signature of a function in our types.
    ///
    /// # Errors
    /// When a type has no counterpart in SQL, by its name.
    pub(crate) fn signature(&self, function: &Function) -> Result<GuestSignature> {
        if function.kind != FunctionKind::Freestanding {
            return Err(Error::Signature(format!(
                "'{}' is a method, a constructor or async; only plain functions can be called from SQL",
                function.name
            )));
        }
        let params = function
            .params
            .iter()
            .map(|param| Ok((param.name.clone(), self.guest_type(&param.ty, &param.name)?)))
            .collect::<Result<_>>()?;
        let Some(result) = function.result else {
            return Err(Error::Signature(format!(
                "'{}' returns nothing; a SQL function returns a value",
                function.name
            )));
        };
        let (result, fallible) = match self.kind(&result) {
            Some(TypeDefKind::Result(r)) if r.err == Some(Type::String) => match r.ok {
                Some(ok) => (ok, true),
                None => {
                    return Err(Error::Signature(format!(
                        "'{}' returns result<_, string>, which has no value; return for instance result<bool, string>",
                        function.name
                    )));
                }
            },
            _ => (result, false),
        };
        Ok(GuestSignature { params, result: self.guest_type(&result, "the result")?, fallible })
    }

    /// What a type is once aliases are followed; `None` for primitive types.
    fn kind(&self, ty: &Type) -> Option<&TypeDefKind> {
        let mut ty = ty;
        loop {
            let Type::Id(id) = ty else { return None };
            match &self.resolve.types[*id].kind {
                TypeDefKind::Type(inner @ Type::Id(_)) => ty = inner,
                kind => return Some(kind),
            }
        }
    }

    fn guest_type(&self, ty: &Type, place: &str) -> Result<GuestType> {
        self.bounded_type(ty, place, &mut Budget { depth: MAX_DEPTH, types: MAX_TYPES })
    }

    /// Types are trees here, while in WIT they can share their parts: a few lines can name a tree without end.
    fn bounded_type(&self, ty: &Type, place: &str, budget: &mut Budget) -> Result<GuestType> {
        let too_large = || Error::Signature(format!("{place}: the type is too deep or has too many parts"));
        budget.types = budget.types.checked_sub(1).ok_or_else(too_large)?;
        budget.depth = budget.depth.checked_sub(1).ok_or_else(too_large)?;
        let found = self.type_within(ty, place, budget);
        budget.depth += 1;
        found
    }

    fn type_within(&self, ty: &Type, place: &str, budget: &mut Budget) -> Result<GuestType> {
        let unsupported = |what: &str| Error::Signature(format!("{place}: WIT type {what} has no counterpart in SQL"));
        Ok(match ty {
            Type::Bool => GuestType::Bool,
            Type::S8 => GuestType::S8,
            Type::U8 => GuestType::U8,
            Type::S16 => GuestType::S16,
            Type::U16 => GuestType::U16,
            Type::S32 => GuestType::S32,
            Type::U32 => GuestType::U32,
            Type::S64 => GuestType::S64,
            Type::U64 => GuestType::U64,
            Type::F32 => GuestType::F32,
            Type::F64 => GuestType::F64,
            Type::Char => GuestType::Char,
            Type::String => GuestType::String,
            Type::ErrorContext => return Err(unsupported("error-context")),
            Type::Id(_) => match self.kind(ty) {
                Some(TypeDefKind::Type(primitive)) => self.bounded_type(primitive, place, budget)?,
                Some(TypeDefKind::List(item)) => match self.bounded_type(item, place, budget)? {
                    GuestType::U8 => GuestType::Bytes,
                    item => GuestType::List(Box::new(item)),
                },
                Some(TypeDefKind::Option(inner)) => match self.bounded_type(inner, place, budget)? {
                    GuestType::Option(_) => return Err(unsupported("option<option<T>>")),
                    inner => GuestType::Option(Box::new(inner)),
                },
                Some(TypeDefKind::Enum(cases)) => {
                    GuestType::Enum(cases.cases.iter().map(|case| case.name.clone()).collect())
                }
                Some(TypeDefKind::Record(record)) => GuestType::Record(
                    record
                        .fields
                        .iter()
                        .map(|field| Ok((field.name.clone(), self.bounded_type(&field.ty, &field.name, budget)?)))
                        .collect::<Result<_>>()?,
                ),
                Some(TypeDefKind::Tuple(tuple)) => GuestType::Tuple(
                    tuple.types.iter().map(|item| self.bounded_type(item, place, budget)).collect::<Result<_>>()?,
                ),
                Some(TypeDefKind::Result(_)) => {
                    return Err(unsupported(
                        "result (other than result<T, string> as the whole result of the function)",
                    ));
                }
                Some(other) => return Err(unsupported(other.as_str())),
                None => return Err(unsupported("(unknown)")),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(function: &str) -> Result<String> {
        let wit = Wit::parse(&format!("package a:b; world w {{ enum hue {{ red, blue }} export f: {function}; }}"))?;
        let functions = wit.functions();
        Ok(wit.signature(functions[0].1)?.to_string())
    }

    #[test]
    fn reads_types() {
        for text in [
            "func(a: s64, b: option<string>) -> list<u8>",
            "func() -> result<option<f64>, string>",
            "func(x: list<tuple<s32, string>>) -> list<string>",
        ] {
            assert_eq!(signature(text).unwrap(), text);
        }
        assert_eq!(signature("func(x: hue) -> hue").unwrap(), "func(x: enum { red, blue }) -> enum { red, blue }");
    }

    #[test]
    fn types_without_end_are_refused() {
        let chain = |link: &str, length: usize| {
            let links: String = (1..length)
                .map(|i| link.replace("NEXT", &format!("a{i}")).replace("LAST", &format!("a{}", i - 1)))
                .collect();
            let last = length - 1;
            let text = format!(
                "package a:b; interface t {{ type a0 = list<s64>; {links} }} world w {{ use t.{{a{last}}}; export f: func(x: a{last}) -> s64; }}"
            );
            let wit = Wit::parse(&text).unwrap();
            wit.signature(wit.functions()[0].1).unwrap_err().to_string()
        };
        assert!(chain("type NEXT = list<LAST>;", 200).contains("too deep"));
        assert!(chain("type NEXT = tuple<LAST, LAST>;", 30).contains("too many parts"));
    }

    #[test]
    fn names_what_sql_cannot_express() {
        for (text, part) in [
            ("func(x: option<option<s32>>) -> s32", "option<option<T>>"),
            ("func(x: s32)", "returns nothing"),
            ("func() -> result<s32, s32>", "result"),
            ("func(x: s3) -> s32", "s3"),
        ] {
            let error = signature(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
