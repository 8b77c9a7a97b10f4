//! An operation that shows every part of a page.

use liveops::{LiveOperation, Progress, Run, RunResult};
use maud::html;
use serde::{Deserialize, Serialize};

use super::{Bounded, ShortText, pause};

/// Shows every part of the page: five stages, bars, log, a custom region, a result.
///
/// The work is simulated with pauses. For a real import see [`ScoreImport`](super::ScoreImport).
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Connect", "Download", "Check", "Convert", "Save")]
#[liveop(app = "demo", title = "Demo import", describe = "{label}", form)]
pub struct DemoImport {
    /// Label. What the import is called.
    #[serde(default)]
    #[field(placeholder = "Demo")]
    pub label: ShortText,
    /// Milliseconds an item takes.
    #[serde(default)]
    pub pace_ms: Bounded<0, 5_000, 60>,
}

/// The output of the import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The label of the import.
    pub label: String,
    /// Number of items.
    pub items: u64,
}

const PRODUCTS: [&str; 12] = [
    "Anvil", "Barrel", "Compass", "Drill", "Engine", "Funnel", "Gasket", "Hinge", "Inverter",
    "Jack", "Kettle", "Lantern",
];

impl Run for DemoImport {
    type Output = Imported;

    async fn run(&self, p: Progress<Self>) -> RunResult<Imported> {
        use DemoImportStage::{Check, Connect, Convert, Download, Save};

        p.status(format!("Importing {}", self.label()));
        p.stage(Connect, async {
            p.log(format!("Connecting for {}", self.label()));
            tracing::info!(products = PRODUCTS.len(), "price list found");
            pause(&p, self.pace_ms.value()).await
        })
        .await?;
        p.stage(Download, self.each(&p, "Downloading")).await?;
        p.stage(Check, self.check(&p)).await?;
        p.stage(Convert, self.each(&p, "Converting")).await?;
        p.stage(Save, self.each(&p, "Saving")).await?;
        p.status(format!("Imported {}", self.label()));
        Ok(Imported { label: self.label().to_owned(), items: PRODUCTS.len() as u64 })
    }
}

impl DemoImport {
    fn label(&self) -> &str {
        self.label.or("Demo")
    }

    async fn each(&self, p: &Progress<Self>, label: &'static str) -> RunResult<()> {
        for product in p.track(PRODUCTS).label(label).unit("products") {
            p.status(format!("{label} {}", product?));
            pause(p, self.pace_ms.value()).await?;
        }
        Ok(())
    }

    /// Shows the items in a custom region while they are found.
    async fn check(&self, p: &Progress<Self>) -> RunResult<()> {
        if let Some(web) = p.web() {
            web.swap("preview", html! { h3 { "Products" } });
        }
        let products = PRODUCTS.into_iter().zip(1_u32..);
        for item in p.track(products).label("Checking").unit("products") {
            let (product, number) = item?;
            if let Some(web) = p.web() {
                web.append("preview", html! { div { (number) ". " (product) } });
            }
            if product == "Gasket" {
                p.log_warn("Gasket has no price; using last year's");
            }
            pause(p, self.pace_ms.value()).await?;
        }
        Ok(())
    }
}
