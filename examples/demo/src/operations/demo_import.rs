use liveops::{LiveOperation, Progress, Run, RunResult};
use maud::html;
use serde::{Deserialize, Serialize};

use super::{Bounded, ShortText, pause};

/// Goes through every part of the page: five stages, bars, log, a region of its own, a result.
///
/// The work is make-believe, with pauses where a real import would wait; a real one is
/// [`ScoreImport`](super::ScoreImport).
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Connect", "Download", "Check", "Convert", "Save")]
#[liveop(app = "demo", title = "Demo import", form)]
pub struct DemoImport {
    /// Label. What the import is called.
    #[serde(default)]
    #[field(placeholder = "Demo")]
    pub label: ShortText,
    /// Milliseconds an item takes.
    #[serde(default)]
    pub pace_ms: Bounded<0, 5_000, 60>,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// What the import was called.
    pub label: String,
    /// How many items there were.
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

    /// Shows what was found in a region of the operation's own, while it is being found.
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
