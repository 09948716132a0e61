//go:build unix && !linux

package devserver

import "syscall"

// childAttributes puts the child into a process group of its own. There is no
// death signal here: the next start ends a child that was left behind.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
