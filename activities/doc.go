// Package activities adapts the services to the saga kernel. Each service has a file
// with its steps as data, the function that binds them to the service, and the
// words that explain them to operators. The workflow decides, the services act,
// and the activities only translate. It also declares the doctor's questions to each
// service.
package activities
