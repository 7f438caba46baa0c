// Fields that several core types have, as schema rows.
#pragma once

#include <string>

#include "pkg/model/schema.h"

namespace kuma::resources {

Field WithPattern(Field field, const std::string& pattern);    // a text that an RE2 expression finds something in
Field StringMap(std::string name, std::string doc);
Field StringList(std::string name, std::string doc);
Field LabelSelector(std::string name, std::string doc);        // {matchLabels}
Field Extension(std::string name, std::string type_field);     // {type|name, config}
Field DataSource(std::string name, std::string doc);           // {secret, inline, inlineString}
Field SecureDataSource(std::string name, std::string doc);     // {type, file, secretRef, envVar, insecureInline}
Field ProtoDataSource(std::string name, std::string doc);      // {secret, file, inline, inlineString}
Field TlsVersions(std::string name);                           // {min, max}
Field Conditions(std::string name);                            // status conditions
Field ConditionsByType(std::string name);                      // the same, one of a type
Field Addresses();                                             // status.addresses of destinations
Field HostnameGenerators();                                    // status.hostnameGenerators of destinations
Field DataplaneProxies(bool complete = false);                 // status.dataplaneProxies; complete: with all counts
Field ProtoStruct(std::string name, std::string doc);          // any object
Field Subscriptions();                                         // of proxies' insights

// A schema of a proto-based type.
Schema ProtoSchema(Fields fields);

}  // namespace kuma::resources
