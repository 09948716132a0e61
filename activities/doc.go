// Package activities adapts the services to the saga kernel: per service one
// file with its steps as data and the function that binds them to the service.
// It decides nothing; the workflow decides, the services act.
package activities
