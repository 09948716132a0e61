package temporalpostgres

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/amends/amends/internal/dev/postgres"
)

// chooseFolder returns dir, or the default if it is empty: beside the sources,
// unless root runs this where PostgreSQL's user cannot enter, as below /root. The
// name of the folder below /var/lib then depends on the working folder.
func chooseFolder(ctx context.Context, dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	if postgres.Reachable(ctx, here) {
		return ".amends-temporal", nil
	}
	return fmt.Sprintf("/var/lib/amends/temporal-%.8s", fmt.Sprintf("%x", sha256.Sum256([]byte(here)))), nil
}
