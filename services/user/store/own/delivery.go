package own

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/rows"
)

type deliveryRow struct {
	ID         string `gorm:"primaryKey"`
	Account    string
	Name       string
	Line1      string
	Line2      string
	City       string
	PostalCode string
	Region     string
	Country    string
	CreatedAt  time.Time
}

func (deliveryRow) TableName() string { return "deliveries" }

// Deliveries implements [user.Service].
func (s *Own) Deliveries(ctx context.Context, account string) ([]user.Delivery, error) {
	found, err := deliveries(s.DB.WithContext(ctx), account)
	if err != nil {
		return nil, database.Fault(err)
	}
	all := make([]user.Delivery, len(found))
	for i, r := range found {
		all[i] = user.Delivery{
			ID: r.ID, Name: r.Name, Line1: r.Line1, Line2: r.Line2, City: r.City, PostalCode: r.PostalCode, Region: r.Region, Country: r.Country,
		}
	}
	return all, nil
}

// deliveries returns the addresses of an account, the oldest first.
func deliveries(db *gorm.DB, account string) (found []deliveryRow, err error) {
	if err := db.Where("account = ?", account).Order("id").Find(&found).Error; err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	return found, nil
}

// PutDelivery implements [user.Service].
func (s *Own) PutDelivery(ctx context.Context, account string, d user.Delivery) (user.Delivery, error) {
	if err := d.Validate(); err != nil {
		return user.Delivery{}, err
	}
	err := database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := rows.Take(rows.Locking(tx), "id = ?", account); err != nil {
			return err
		}
		have, err := deliveries(tx, account)
		if err != nil {
			return err
		}
		row := deliveryRow{
			ID: d.ID, Account: account, Name: d.Name, Line1: d.Line1, Line2: d.Line2, City: d.City, PostalCode: d.PostalCode,
			Region: d.Region, Country: d.Country, CreatedAt: s.Now(),
		}
		if d.ID != "" {
			return replace(tx, row, have)
		}
		if len(have) >= user.MaxAddresses {
			return fault.Errorf(fault.Business, user.TooMany, "an account has at most %d addresses; remove one", user.MaxAddresses)
		}
		if row.ID, err = rows.NewID(); err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("add an address: %w", err)
		}
		d.ID = row.ID
		return nil
	})
	if err != nil {
		return user.Delivery{}, err
	}
	return d, nil
}

// replace replaces an address by one of the same id.
func replace(tx *gorm.DB, row deliveryRow, have []deliveryRow) error {
	for _, old := range have {
		if old.ID != row.ID {
			continue
		}
		row.CreatedAt = old.CreatedAt
		if err := tx.Save(&row).Error; err != nil {
			return fmt.Errorf("replace an address: %w", err)
		}
		return nil
	}
	return fault.Errorf(fault.Business, fault.NotFound, "there is no such address")
}

// RemoveDelivery implements [user.Service].
func (s *Own) RemoveDelivery(ctx context.Context, account, id string) error {
	return database.Retry(ctx, s.DB, func(db *gorm.DB) error {
		if err := db.Where("account = ? AND id = ?", account, id).Delete(&deliveryRow{}).Error; err != nil {
			return fmt.Errorf("remove an address: %w", err)
		}
		return nil
	})
}
