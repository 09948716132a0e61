package search_test

import (
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/search"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()
	dbtest.SetUpDownUp(t, search.Name, store.Schema.Migrate, store.Schema.Ready)
}
