package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/temporal"
	"github.com/amends/amends/internal/dev/folder"
)

// platformFile returns the file with the addresses of the `amends dev` that runs in a data
// folder: settings, as in the file of --config.
func platformFile(dir string) string { return filepath.Join(dir, "platform.yaml") }

// Platform has the addresses of a running `amends dev`.
type Platform struct {
	HTTPAddr    string `yaml:"http_addr"`
	AdminAddr   string `yaml:"admin_addr"`
	DatabaseURL string `yaml:"database_url,omitempty"`
	TLS         struct {
		SelfSigned bool `yaml:"self_signed"`
	} `yaml:"tls"`
	Temporal struct {
		Address   string `yaml:"address"`
		Namespace string `yaml:"namespace"`
	} `yaml:"temporal"`
}

// Keep writes p into a data folder, where commands find it. The caller has locked the
// folder. A repeat replaces it.
func (p Platform) Keep(dir string) error {
	content, err := yaml.Marshal(p)
	if err == nil {
		err = folder.Replace(platformFile(dir), append([]byte("# The addresses of the amends dev that runs in this folder. It writes and removes this file.\n"), content...))
	}
	if err != nil {
		return fmt.Errorf("keep the addresses for commands: %w", err)
	}
	return nil
}

// Forget removes the addresses from a data folder. A repeat changes nothing.
func Forget(dir string) error {
	if err := os.Remove(platformFile(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the addresses for commands: %w", err)
	}
	return nil
}

// LoadTool is [Stdio.Load] for a command beside a running platform. What nothing else says
// about the platform, the `amends dev` in the data folder says, if one runs there.
func (std Stdio) LoadTool(cmd *cobra.Command, needs config.Needs) (*config.Config, error) {
	c, err := std.Load(cmd, needs)
	if err != nil || !std.local(c) {
		return c, err
	}
	s := std.source(cmd)
	s.Platform = platformFile(c.DataDir)
	found, err := config.Load(s, needs, Sections()...)
	return &found, err
}

// OfFolder reports whether a command with the settings c, as [Stdio.LoadTool] returns them,
// uses the `amends dev` in the data folder.
func (std Stdio) OfFolder(cmd *cobra.Command) bool {
	c, err := std.Load(cmd, config.Needs{})
	return err == nil && std.local(c) && !cmd.Flags().Changed("http-addr") && c.HTTPAddr == config.Default().HTTPAddr
}

// local reports whether an `amends dev` runs in the data folder, and no setting locates a
// platform. Otherwise a half of two platforms would look like one: the orders of a shop, and
// the engine of a developer.
func (std Stdio) local(c *config.Config) bool {
	if c.Temporal != (temporal.Section{}) || c.Broker.URL != "" || len(c.Services.Targets()) > 0 {
		return false
	}
	if slices.ContainsFunc(c.Services.Names(), c.Services.HasDSN) {
		return false
	}
	if slices.ContainsFunc(std.Environ, func(e string) bool {
		return strings.HasPrefix(e, "TEMPORAL_ADDRESS=") || strings.HasPrefix(e, "TEMPORAL_PROFILE=")
	}) {
		return false
	}
	// The file outlives a process that was killed, and commands send tokens to the addresses
	// in it: another user's file says nothing.
	return folder.Own(platformFile(c.DataDir)) && folder.InUse(c.DataDir)
}
