package store_test

import (
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/catalog/store"
	"testing"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()

	dbtest.UpDownUp(t, store.Migrate, store.Ready)
}
