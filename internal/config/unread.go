package config

import (
	"github.com/amends/amends/internal/config/service"
	"github.com/amends/amends/internal/config/setting"
)

// Process is a kind of process that serves, as the tags of the settings name it.
type Process string

// The kinds.
const (
	ProcessAPI     Process = "api"
	ProcessWorker  Process = "worker"
	ProcessMigrate Process = "migrate"
	ProcessDev     Process = "dev"
	ProcessBroker  Process = "broker"
)

// Unread returns the settings of s that a process does not read: variables and keys of the
// file, without their values. services are those whose databases it opens.
func Unread(s setting.Source, process Process, services []string, sections ...service.Section) (variables, inFile []string) {
	kinds := []string{string(process)}
	for _, name := range services {
		kinds = append(kinds, service.Reader(name))
	}
	c := Default(sections...)
	return setting.Unread(s, setting.Keys(&c), kinds...)
}
