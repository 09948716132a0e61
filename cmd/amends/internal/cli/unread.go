package cli

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
)

// Unread are the settings of a process that it does not read.
type Unread struct {
	process           config.Process
	variables, inFile []string
}

// Unread returns the settings of cmd that a process does not read. services are those whose
// databases it opens.
func (std Stdio) Unread(cmd *cobra.Command, process config.Process, services ...string) Unread {
	variables, inFile := config.Unread(std.source(cmd), process, services, Sections()...)
	return Unread{process, variables, inFile}
}

// Log names the settings. A variable was set for this process, so that is a warning; a file
// is often that of all processes of a platform.
func (u Unread) Log(log *slog.Logger) {
	if len(u.variables) > 0 {
		log.Warn("variables are set that this process does not read", "process", string(u.process), "variables", u.variables)
	}
	if len(u.inFile) > 0 {
		log.Info("the file has settings that this process does not read", "process", string(u.process), "keys", u.inFile)
	}
}
