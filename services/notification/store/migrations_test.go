package store_test

import (
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/notification/store"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()

	dbtest.UpDownUp(t, store.Schema.Migrate, store.Schema.Ready)
}
