package simulator_test

import (
	"testing"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()

	dbtest.UpDownUp(t, simulator.Schema.Migrate, simulator.Schema.Ready)
}
