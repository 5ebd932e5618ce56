use mongodb::error::Error;
use tokio::runtime::Handle;

/// Runs a call of the driver to its end, whoever stops waiting for it. The driver's connections
/// belong to the runtime that made them, and no call of it may be dropped half-way: so each runs
/// there as a task.
pub(crate) async fn call<T: Send + 'static>(
    runtime: &Handle,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match runtime.spawn(call).await {
        Ok(done) => done,
        Err(ended) => Err(Error::custom(ended.to_string())),
    }
}
