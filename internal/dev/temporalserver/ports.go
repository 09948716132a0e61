package temporalserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/amends/amends/internal/dev/loopback"
)

// ports are the ports of the server's roles. They are its identity in the database.
type ports struct {
	Frontend           int `json:"frontend"`
	FrontendHTTP       int `json:"frontend_http"`
	FrontendMembership int `json:"frontend_membership"`
	Matching           int `json:"matching"`
	MatchingMembership int `json:"matching_membership"`
	History            int `json:"history"`
	HistoryMembership  int `json:"history_membership"`
	Worker             int `json:"worker"`
	WorkerMembership   int `json:"worker_membership"`
}

// all returns the ports, the frontend's first.
func (p *ports) all() []*int {
	return []*int{
		&p.Frontend, &p.FrontendHTTP, &p.FrontendMembership, &p.Matching, &p.MatchingMembership,
		&p.History, &p.HistoryMembership, &p.Worker, &p.WorkerMembership,
	}
}

// choosePorts returns the ports of this start: those of the last start on the
// folder if they are free. It stores them for the next start. The database knows a
// killed server by its ports for a while, and a server that returned on other ports
// would look for the old one there.
func choosePorts(ctx context.Context, o Options) (ports, error) {
	note := filepath.Join(o.Dir, "ports.json")
	var p ports
	content, err := os.ReadFile(note)
	if err == nil {
		err = json.Unmarshal(content, &p)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("engine's ports in %s: %w", note, err)
	}
	if o.Port != 0 {
		p.Frontend = o.Port
	}
	mine := map[int]bool{0: true} // 0 means that no port is chosen
	for i, port := range p.all() {
		taken := mine[*port]
		if !taken {
			leased, err := loopback.Lease(*port)
			if err == nil {
				taken, err = loopback.Taken(ctx, *port)
			}
			if err != nil {
				return p, fmt.Errorf("engine: %w", err)
			}
			taken = taken || !leased
		}
		if taken && i == 0 && o.Port != 0 {
			return p, &loopback.PortError{Key: "port", Port: o.Port}
		}
		for taken {
			if *port, err = loopback.FreePort(ctx); err != nil {
				return p, err
			}
			taken = mine[*port]
		}
		mine[*port] = true
	}
	if content, err = json.MarshalIndent(p, "", "  "); err == nil {
		err = os.WriteFile(note, content, 0o600)
	}
	if err != nil {
		return p, fmt.Errorf("engine's ports: %w", err)
	}
	return p, nil
}
