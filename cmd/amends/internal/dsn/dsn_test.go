package dsn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/internal/config"
)

func TestDevNamesTheServerThatItCannotReach(t *testing.T) {
	t.Parallel()
	c := config.Default(cli.Sections()...)
	c.DataDir, c.DatabaseURL = t.TempDir(), "postgres://u:hunter2@127.0.0.1:1/x" // where nothing listens
	err := dsn.Fill(t.Context(), &c)
	require.EqualError(t, err, "database_url: postgres://127.0.0.1:1/x: UNAVAILABLE: the database cannot be reached")
}
