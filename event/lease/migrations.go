package lease

import "embed"

// Name is that of the migrations, which have a numbering of their own.
const Name = "lease"

// Migrations has those of the tables, in a folder for each engine below "migrations".
//
//go:embed migrations
var Migrations embed.FS
