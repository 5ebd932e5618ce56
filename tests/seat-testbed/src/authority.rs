use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::process::program;

/// An authority that no system knows, and a certificate by it for servers at 127.0.0.1.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// Makes keys and certificates that are valid for a day.
    ///
    /// # Panics
    /// When there is no `openssl`.
    pub fn new() -> Self {
        let authority = Self { folder: TempDir::new().expect("a folder can be made") };
        authority.openssl("-subj /CN=authority -keyout authority.key -out authority.pem");
        authority.openssl(
            "-subj /CN=server -keyout server.key -out server.pem -CA authority.pem \
             -CAkey authority.key -addext subjectAltName=IP:127.0.0.1 \
             -addext basicConstraints=critical,CA:FALSE",
        );
        authority
    }

    /// The certificate of the authority itself.
    pub fn certificate(&self) -> PathBuf {
        self.file("authority.pem")
    }

    /// A file of the folder: `server.pem`, `server.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1";
        let mut command = Command::new(program("SEAT_OPENSSL", "openssl"));
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.args(new.split(' ')).args(arguments.split_whitespace());
        let output = command.output().expect("openssl can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
