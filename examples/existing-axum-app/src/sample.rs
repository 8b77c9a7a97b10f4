//! Sample data.

use std::error::Error;

use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait};
use tokio::task::spawn_blocking;

use crate::models::{customer, user};

/// Inserts sample data into an empty database.
pub(crate) async fn fill(db: &DatabaseConnection) -> Result<(), Box<dyn Error>> {
    if user::Entity::find().count(db).await? > 0 {
        return Ok(());
    }
    let users = [("admin", "admin"), ("ann", "billing"), ("ben", "billing"), ("sam", "sales")];
    let users = spawn_blocking(move || users.map(new_user)).await?;
    user::Entity::insert_many(users).exec(db).await?;
    let customers = (1..=60).map(|number| customer::ActiveModel {
        name: Set(format!("Customer {number:02}")),
        monthly_cents: Set(100 * (19 + number)),
        ..Default::default()
    });
    customer::Entity::insert_many(customers).exec(db).await?;
    Ok(())
}

fn new_user((name, role): (&str, &str)) -> user::ActiveModel {
    user::ActiveModel {
        name: Set(name.to_owned()),
        password_hash: Set(password_auth::generate_hash("secret")),
        role: Set(role.to_owned()),
        ..Default::default()
    }
}
