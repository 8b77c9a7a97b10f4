//! The package that the editor has open.

use std::{
    fs,
    path::{Path, PathBuf},
};

use url::Url;

/// Stays where it is from run to run, because its macros take a minute to build.
pub(super) struct Package {
    pub(super) folder: PathBuf,
}

impl Package {
    pub(super) fn create() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust-analyzer");
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let package = Self { folder };
        package.write("Cargo.toml", &manifest(workspace));
        // What is locked is what is there without a network.
        package.write("Cargo.lock", &fs::read_to_string(workspace.join("Cargo.lock")).unwrap());
        package.write("src/lib.rs", "");
        package.write("sysroot/core/src/lib.rs", include_str!("core.rs"));
        package
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn uri(&self) -> String {
        Url::from_directory_path(&self.folder).unwrap().into()
    }

    pub(super) fn file_uri(&self) -> String {
        Url::from_file_path(self.folder.join("src/lib.rs")).unwrap().into()
    }

    /// A standard library of our own. Without one rust-analyzer has rustup install the sources of
    /// the real one, and then it takes longer to read them than to do all that is tested.
    pub(super) fn sysroot(&self) -> PathBuf {
        self.folder.join("sysroot")
    }

    pub(super) fn target(&self) -> PathBuf {
        self.folder.join("target")
    }
}

fn manifest(workspace: &Path) -> String {
    format!(
        r#"
[package]
name = "demo"
edition = "2024"

[dependencies]
liveops = {{ path = {:?}, default-features = false }}
serde = {{ version = "1", features = ["derive"] }}

[workspace]
"#,
        workspace.join("liveops")
    )
}
