//! The generated packages, and their compilation.

use std::{
    fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use super::{cpu_time, figures::Subject, method::Method, source::source, variant::Variant};
use crate::workspace::{cargo, root, target};

/// The generated packages, a separate workspace in the target folder.
#[derive(Debug)]
pub(super) struct Packages {
    folder: PathBuf,
    all: Vec<Package>,
}

/// A library of `size` structs.
#[derive(Debug)]
pub(super) struct Package {
    variant: Variant,
    size: usize,
}

impl Packages {
    /// Writes a package for each variant and size.
    pub(super) fn generate(sizes: &[usize]) -> Result<Self, String> {
        let folder = target().join("derive-cost");
        let all =
            sizes.iter().flat_map(|&size| Variant::ALL.map(|variant| Package { variant, size }));
        let packages = Self { folder, all: all.collect() };
        packages.write().map_err(|error| {
            format!("failed to write into {}: {error}", packages.folder.display())
        })?;
        Ok(packages)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Package> {
        self.all.iter()
    }

    fn write(&self) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let names: String =
            self.all.iter().map(|package| format!("{:?}, ", package.name())).collect();
        let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [{names}]\n");
        fs::write(self.folder.join("Cargo.toml"), manifest)?;
        // The versions with which liveops is tested.
        fs::copy(root().join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        for package in &self.all {
            fs::create_dir_all(self.folder.join(package.name()).join("src"))?;
            fs::write(self.folder.join(package.name()).join("Cargo.toml"), package.manifest())?;
            fs::write(self.source_of(package), source(package.variant, package.size))?;
        }
        Ok(())
    }

    /// Fetches and compiles the dependencies of all packages, so that no measurement includes them.
    pub(super) fn build_dependencies(&self) -> Result<(), String> {
        let Some(package) = self.all.first() else { return Ok(()) };
        Method::ALL.into_iter().try_for_each(|method| {
            let mut command = self.command(package, method);
            let status =
                command.status().map_err(|error| format!("failed to start cargo: {error}"))?;
            if status.success() { Ok(()) } else { Err(format!("cargo {} failed", method.name())) }
        })
    }

    /// Compiles the package and returns the CPU time.
    pub(super) fn compile(&self, package: &Package, method: Method) -> Result<Duration, String> {
        touch(&self.source_of(package))?;
        let mut command = self.command(package, method);
        let before = cpu_time::of_children()?;
        let output = command
            .args(["--offline", "--quiet"])
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| format!("failed to start cargo: {error}"))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} does not compile: {complaint}", package.name()));
        }
        Ok(cpu_time::of_children()? - before)
    }

    fn command(&self, package: &Package, method: Method) -> Command {
        let mut command = cargo();
        command
            .args([method.name(), "--package", &package.name(), "--manifest-path"])
            .arg(self.folder.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.folder.join("target"))
            .env("CARGO_INCREMENTAL", "0");
        command
    }

    fn source_of(&self, package: &Package) -> PathBuf {
        self.folder.join(package.name()).join("src/lib.rs")
    }
}

impl Package {
    pub(super) fn subject(&self, method: Method) -> Subject {
        Subject { variant: self.variant, size: self.size, method }
    }

    fn name(&self) -> String {
        format!("{}-{}", self.variant.name(), self.size)
    }

    fn manifest(&self) -> String {
        format!(
            "\
[package]
name = {name:?}
edition = \"2024\"

[dependencies]
liveops = {{ path = {liveops:?} }}
serde = {{ version = \"1\", features = [\"derive\"] }}
serde_json = \"1\"
thiserror = \"2\"
",
            name = self.name(),
            liveops = root().join("liveops"),
        )
    }
}

fn touch(file: &Path) -> Result<(), String> {
    File::options()
        .append(true)
        .open(file)
        .and_then(|file| file.set_modified(SystemTime::now()))
        .map_err(|error| format!("failed to touch {}: {error}", file.display()))
}
