// Package readiness has the command `amends ready`, the health check of an image that has no
// program but amends.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
)

// most bounds the answer that is shown, in bytes.
const most = 4096

// Command returns `amends ready`.
func Command(std cli.Stdio) *cobra.Command {
	var within time.Duration
	cmd := &cobra.Command{
		Use:   "ready",
		Short: "Ask the process at admin_addr whether it is ready",
		Long: "Ask the process of this machine that has the admin address whether it is ready, and print its answer.\n" +
			"Exit code 0: it is ready; 1: it is not, or it does not answer.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.Load(cmd, config.Needs{})
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), within)
			defer cancel()
			answer, err := Ask(ctx, "http://"+cli.Reachable(c.AdminAddr)+"/readyz")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.Out, answer)
			return err
		},
	}
	cmd.Flags().DurationVar(&within, "within", 3*time.Second, "how long to wait for the answer")
	config.AddFlags(cmd.Flags(), "admin_addr")
	return cmd
}

// Ask returns the answer of a process that is ready, from the URL of its readiness. ctx bounds
// the wait.
func Ask(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("ready: %w", err)
	}
	answer, err := (&http.Client{Transport: http.DefaultTransport}).Do(request) // within the time of ctx
	if err != nil {
		return "", fmt.Errorf("ready: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return "", fmt.Errorf("ready: %w", err)
	}
	body := strings.TrimSpace(string(text))
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ready: %s: %s", answer.Status, body)
	}
	return body, nil
}
