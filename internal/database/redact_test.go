package database_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"postgres://u:hunter2@h:5432/db?sslmode=disable": "postgres://u:xxxxx@h:5432/db?sslmode=disable",
		"postgres://u@h/db": "postgres://u@h/db",
		"postgres://h/db?password=hunter2&sslpassword=h2": "postgres://h/db?password=xxxxx&sslpassword=xxxxx",
		"postgres://u:hunter2@h:port/db":                  "postgres://(malformed)",
		"mysql://u:hunter2@h/db":                          "mysql://(malformed)",
		"hunter2":                                         "(malformed)",
		"sqlite:data/order.db":                            "sqlite:data/order.db",
		"sqlite::memory:":                                 "sqlite::memory:",
	} {
		require.Equal(t, want, database.Redact(dsn))
	}
}
