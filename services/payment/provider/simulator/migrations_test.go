package simulator_test

import (
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment/provider/simulator"
	"testing"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()

	dbtest.UpDownUp(t, simulator.Migrate, simulator.Ready)
}
