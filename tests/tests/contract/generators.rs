//! Key generators of every form, over a backend: each makes its key, and excludes by it.

use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use lock_core::{
    Held, JoinPoint, KeyError, LockError, LockKey, LockKeyGenerator, LockManager, distributed_lock,
};
use lock_tests::Stage;

struct Region(&'static str);

impl LockKeyGenerator for Region {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        call.key_behind(self.0)
    }
}

/// A lock for each word of the argument `words`.
struct EachWord;

impl LockKeyGenerator for EachWord {
    fn lock_key(&self, _: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        Err(KeyError::custom("it makes several keys"))
    }

    fn lock_keys(&self, call: &JoinPoint<'_>) -> Result<Vec<LockKey>, KeyError> {
        let words = call.arg("words").and_then(|words| words.text()).unwrap_or_default();
        words.split_whitespace().map(LockKey::try_of).collect()
    }
}

static SHARED: LazyLock<Arc<dyn LockKeyGenerator + Send + Sync>> =
    LazyLock::new(|| Arc::new(Region("shared")));

fn by_words(call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
    let words =
        call.arg("words").and_then(|words| words.text()).ok_or_else(|| KeyError::custom("no words"))?;
    LockKey::try_of((call.function(), words))
}

type Names = Result<Vec<String>, LockError>;
type Call = for<'a> fn(&'a LockManager, &'a str) -> Pin<Box<dyn Future<Output = Names> + 'a>>;

macro_rules! functions {
    ($locks:ident, $words:ident, $held:ident; $($name:ident [$($generator:tt)*] $($key:literal)*;)*) => {
        [$({
            #[distributed_lock(
                prefix = "g", key = $words, key_generator = $($generator)*, wait = "0s", locks = $locks, guard = $held
            )]
            async fn $name($locks: &LockManager, $words: &str) -> Names {
                Ok($held.names().iter().map(ToString::to_string).collect())
            }

            #[distributed_lock(
                prefix = "g", key = $words, key_generator = $($generator)*, wait = "0s", locks = $locks, guard = $held
            )]
            fn plain($locks: &LockManager, $words: &str) -> Names {
                Ok($held.names().iter().map(ToString::to_string).collect())
            }

            let awaited: Call = |locks, words| Box::pin($name(locks, words));
            let blocking: Call = |locks, words| Box::pin(std::future::ready(plain(locks, words)));
            let keys: &'static [&'static str] = &[$($key),*];
            // Its name is in its key.
            let alone: &'static [&'static str] = if stringify!($name) == "item" { &["g:plain:b%20a"] } else { keys };
            [(stringify!($name), awaited, keys), (concat!("plain ", stringify!($name)), blocking, alone)]
        }),*]
    };
}

pub(crate) async fn every_form_of_generator_makes_its_key_and_excludes_by_it(stage: &Stage) {
    let functions: [[(&str, Call, &[&str]); 2]; 7] = functions! {
        locks, words, held;
        value [Region("eu")] "g:eu:b%20a";
        reference [&Region("eu")] "g:eu:b%20a";
        shared [Arc::clone(&*SHARED)] "g:shared:b%20a";
        item [by_words] "g:item:b%20a";
        closure [|call| call.key_behind("closure")] "g:closure:b%20a";
        borrowing [|_| LockKey::try_of((words.len(), words))] "g:3:b%20a";
        several [EachWord] "g:a" "g:b";
    };
    let (here, there) = (stage.manager().await, stage.manager().await);
    for (generator, call, keys) in functions.into_iter().flatten() {
        let expected: Vec<String> = keys.iter().map(|key| stage.name(key)).collect();
        let mut names = call(&here, "b a").await.unwrap_or_else(|error| panic!("{generator}: {error}"));
        names.sort();
        assert_eq!(names, expected, "{generator}");
        for name in &expected {
            let segments = name.strip_prefix(&stage.name("")).expect("in the namespace");
            let held = by_name(&there, segments).acquire().await.expect("it was freed");
            assert_eq!(held.name().as_str(), name, "{generator}");
            let error = call(&here, "b a").await.expect_err("somebody else has its key");
            assert!(error.is_busy() && error.key() == *name, "{generator}: {error:?}");
            assert!(call(&here, "c").await.is_ok(), "{generator}: others are free");
            held.release().await.expect("it is held");
        }
        assert!(call(&here, "b a").await.is_ok(), "{generator}: it is free again");
    }
}

/// The lock of these segments, whose parts are encoded.
fn by_name(locks: &LockManager, segments: &str) -> lock_core::LockRequest {
    let parts: Vec<String> = segments.split(':').map(|part| part.replace("%20", " ")).collect();
    match &*parts {
        [prefix, key] => locks.lock((&**prefix, &**key)),
        [prefix, first, second] => locks.lock((&**prefix, &**first, &**second)),
        other => panic!("{other:?}"),
    }
}

/// It has no key for some calls.
#[distributed_lock(prefix = "g", key_generator = by_words, wait = "0s", locks = locks)]
async fn nameless(locks: &LockManager, id: u64) -> Result<(), LockError> {
    panic!("a body ran without a key, for {id}")
}

pub(crate) async fn a_generator_that_fails_takes_nothing(stage: &Stage) {
    let locks = stage.manager().await;
    let error = nameless(&locks, 1).await.expect_err("it has no words");
    assert!(matches!(error, LockError::Key { .. }), "{error:?}");
    assert!(error.to_string().contains("no words"), "{error}");
    assert_eq!(stage.left(), [""; 0]);
    assert!(Held::current().is_none());
}

/// In front of every key but those of the whole service.
struct Tenant;

impl LockKeyGenerator for Tenant {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        tenant(call)
    }
}

fn tenant(call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
    if call.prefix() == Some("shared") { call.key_as_is() } else { call.key_behind("acme") }
}

macro_rules! left_alone {
    ($locks:ident, $id:ident, $held:ident; $($attribute:tt)*) => {{
        #[distributed_lock(prefix = "shared", wait = "0s", locks = $locks, guard = $held, $($attribute)*)]
        async fn call($locks: &LockManager, $id: u64) -> Result<Vec<String>, LockError> {
            assert_eq!($id, 7);
            Ok($held.names().iter().map(ToString::to_string).collect())
        }
        let awaited: fn(&LockManager) -> Pin<Box<dyn Future<Output = Names> + '_>> =
            |locks| Box::pin(call(locks, 7));
        awaited
    }};
}

#[distributed_lock(prefix = "own", key = id, wait = "0s", locks = locks, guard = held)]
async fn wrapped(locks: &LockManager, id: u64) -> Names {
    Ok(held.names().iter().map(ToString::to_string).collect())
}

pub(crate) async fn a_generator_of_the_manager_leaves_keys_as_they_are(stage: &Stage) {
    let there = stage.manager().await;
    let builders = [
        stage.builder().key_generator(Tenant),
        stage.builder().key_generator(tenant),
        stage.builder().key_generator(|call: &JoinPoint<'_>| tenant(call)),
    ];
    for builder in builders {
        let here = builder.connect().await.expect("a manager");
        assert_eq!(wrapped(&here, 7).await.expect("it is free"), [stage.name("own:acme:7")]);
        for (call, names) in [
            (left_alone!(locks, id, held; name = "nightly"), ["shared:nightly"].as_slice()),
            (left_alone!(locks, id, held; key = id), &["shared:7"]),
            (
                left_alone!(locks, id, held; key = (id, None::<u8>, String::from("a:b"), None::<u8>)),
                &["shared:7::a%3Ab"],
            ),
            (left_alone!(locks, id, held; keys = [id, id + 1]), &["shared:7", "shared:8"]),
            (left_alone!(locks, id, held; key = id, key_generator = |call| call.key_as_is()), &["shared:7"]),
            (left_alone!(locks, id, held; key_generator = |call| call.key_as_is()), &["shared"]),
        ] {
            let expected: Vec<String> = names.iter().map(|name| stage.name(name)).collect();
            let mut held = call(&here).await.unwrap_or_else(|error| panic!("{names:?}: {error}"));
            held.sort();
            assert_eq!(held, expected);
            // They are the very locks of somebody who has no generator.
            let other = call(&there).await.unwrap_or_else(|error| panic!("{names:?}: {error}"));
            assert_eq!(other.len(), expected.len());
            if let [name] = names
                && !name.contains('%')
            {
                let held = there.lock(*name).acquire().await.expect("it was freed");
                assert!(call(&here).await.expect_err("somebody else has it").is_busy(), "{name}");
                held.release().await.expect("it is held");
            }
        }
    }
}
