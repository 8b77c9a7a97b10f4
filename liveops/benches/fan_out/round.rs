use std::time::Duration;

use tokio::time;

use crate::{
    Outcome, client::Manner, crowd::Crowd, figure::Figure, figures::Sample, options::Options,
    server::Server, window::Window,
};

/// The first clients include the time in which a server initializes.
const FIRST_CLIENTS: usize = 16;

/// What passes before deliveries are counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// Everything about one server.
pub(crate) async fn measure(mut server: Server, options: &Options) -> Outcome<Sample> {
    let mut sample = Sample::new();
    warm_up(&mut server).await?;
    let memory = server.process().resident_bytes()?;
    let mut crowd = connect(&server, options, &mut sample).await?;
    server.go().await?;

    let length = Duration::from_secs(options.seconds);
    let silent = deliver(&server, &mut crowd, Manner::Silent, length).await?;
    sample.insert(Figure::Memory, memory_since(&server, memory, options)?);
    let acknowledged = deliver(&server, &mut crowd, Manner::Acknowledging, length).await?;
    let storm = Times::of(crowd.storm().await?);

    sample.extend([
        (Figure::Deliveries, silent.latencies.count() / length.as_secs_f64()),
        (Figure::DeliveriesPerCpuSecond, silent.per_cpu_second()),
        (Figure::LatencyMedian, silent.latencies.share(0.5)),
        (Figure::LatencyHigh, silent.latencies.share(0.99)),
        (Figure::LatencyMax, silent.latencies.share(1.0)),
        (Figure::AcknowledgedPerCpuSecond, acknowledged.per_cpu_second()),
        (Figure::AcknowledgedLatencyMedian, acknowledged.latencies.share(0.5)),
        (Figure::AcknowledgedLatencyHigh, acknowledged.latencies.share(0.99)),
        (Figure::AcknowledgedLatencyMax, acknowledged.latencies.share(1.0)),
        (Figure::StormMedian, storm.share(0.5)),
        (Figure::StormHigh, storm.share(0.99)),
        (Figure::StormMax, storm.share(1.0)),
    ]);
    Ok(sample)
}

/// What a connection weighs that began with a large snapshot.
pub(crate) async fn measure_after_long_log(
    mut server: Server,
    options: &Options,
) -> Outcome<Sample> {
    warm_up(&mut server).await?;
    let memory = server.process().resident_bytes()?;
    let mut crowd = Crowd::connect(server.target(), options.clients).await?;
    server.go().await?;
    crowd.listen(Window::after(Duration::ZERO, WARM_UP), Manner::Silent).await?;
    Ok(Sample::from([(Figure::MemoryAfterLongLog, memory_since(&server, memory, options)?)]))
}

async fn warm_up(server: &mut Server) -> Outcome<()> {
    let mut first = Crowd::connect(server.target(), FIRST_CLIENTS).await?;
    server.go().await?;
    first.listen(Window::after(Duration::ZERO, WARM_UP), Manner::Silent).await?;
    server.rest().await
}

async fn connect(server: &Server, options: &Options, sample: &mut Sample) -> Outcome<Crowd> {
    let (begun, cpu) = (time::Instant::now(), server.process().cpu_time()?);
    let crowd = Crowd::connect(server.target(), options.clients).await?;
    let cpu = server.process().cpu_time()? - cpu;
    sample.insert(Figure::ConnectTime, begun.elapsed().as_secs_f64());
    sample.insert(Figure::ConnectCpu, milliseconds(cpu) / options.clients as f64);
    Ok(crowd)
}

async fn deliver(
    server: &Server,
    crowd: &mut Crowd,
    manner: Manner,
    length: Duration,
) -> Outcome<Delivered> {
    let window = Window::after(WARM_UP, length);
    let taking_cpu = async {
        time::sleep_until(window.begins_on).await;
        let before = server.process().cpu_time()?;
        time::sleep_until(window.ends_on).await;
        Ok(server.process().cpu_time()? - before)
    };
    let (latencies, cpu) = tokio::try_join!(crowd.listen(window, manner), taking_cpu)?;
    Ok(Delivered { latencies: Times::of(latencies), cpu })
}

fn memory_since(server: &Server, before: u64, options: &Options) -> Outcome<f64> {
    let grown = server.process().resident_bytes()?.saturating_sub(before);
    Ok(grown as f64 / 1024.0 / options.clients as f64)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// What came in a window, and what it took the server.
#[derive(Debug)]
struct Delivered {
    latencies: Times,
    cpu: Duration,
}

impl Delivered {
    fn per_cpu_second(&self) -> f64 {
        self.latencies.count() / self.cpu.as_secs_f64()
    }
}

/// How long each of many took, in order.
#[derive(Debug)]
struct Times(Vec<Duration>);

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn count(&self) -> f64 {
        self.0.len() as f64
    }

    /// The time, in milliseconds, within which this share of them was done.
    fn share(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let time = self.0.get((last as f64 * share).round() as usize);
        time.map_or(f64::NAN, |time| milliseconds(*time))
    }
}
