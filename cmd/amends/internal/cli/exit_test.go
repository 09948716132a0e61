package cli_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	require.NoError(t, cli.WithCode(nil, 2))
	require.Equal(t, 1, cli.ExitCode(errors.New("of another command")))
	require.Equal(t, 2, cli.ExitCode(fmt.Errorf("more: %w", cli.WithCode(errors.New("x"), 2))))
}
