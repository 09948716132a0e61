package pipeline_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"
	"gorm.io/gorm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a row of the table that these tests write.
type shelf struct {
	ID      int64
	Name    string
	Stocked time.Time
}

func (shelf) TableName() string { return "shelf" }

func migrate(ctx context.Context, db *gorm.DB) error {
	return db.WithContext(ctx).Exec(`CREATE TABLE shelf (
		id      bigint PRIMARY KEY,
		name    text NOT NULL UNIQUE,
		stocked timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
	)`).Error
}
