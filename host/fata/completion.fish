# SPDX-License-Identifier: ISC
# Completion of fata for fish: verbs, options, applications, and the keys that a fata.lua declares.

function __fata_keys
    fata query keys . 2>/dev/null | string replace -r '^([^=]*)=(.*)$' -- '--$1=\tnow $2'
end

set -l verbs new configure build run describe query clean doctor help
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -f
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a new -d 'make a project'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a configure -d 'check fata.lua'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a build -d 'compile and link'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a run -d 'start the image'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a describe -d 'devices and keys'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a query -d 'print one thing'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a clean -d 'remove the build'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a doctor -d 'what is missing here'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -a help -d 'about the verbs'
complete -c fata -n "not __fish_seen_subcommand_from $verbs" -l version -d 'versions'

set -l builds configure build describe query
complete -c fata -n "__fish_seen_subcommand_from $builds" -s t -l target -xa 'linux sim'
complete -c fata -n "__fish_seen_subcommand_from $builds run clean" -s o -l output -xa '(__fish_complete_directories)'
complete -c fata -n "__fish_seen_subcommand_from configure build" -l reset -d 'forget keys'
complete -c fata -n "__fish_seen_subcommand_from configure build" -fa '(__fata_keys)'
complete -c fata -n "__fish_seen_subcommand_from configure" -s n -l dry-run -d 'write nothing'
complete -c fata -n "__fish_seen_subcommand_from describe query doctor" -l json -d 'for programs'
complete -c fata -n "__fish_seen_subcommand_from describe" -l dot -d 'for Graphviz'
complete -c fata -n "__fish_seen_subcommand_from run" -s p -l publish -x -d 'HOST:GUEST'
complete -c fata -n "__fish_seen_subcommand_from run" -l net -xa 'user tap: stream: listen: fd:'
complete -c fata -n "__fish_seen_subcommand_from new" -l template -xa 'hello echo'
complete -c fata -n "__fish_seen_subcommand_from query" -xa 'name version target doc image output sources generated libraries packages keys boot-keys devices'
complete -c fata -n "__fish_seen_subcommand_from help" -xa "$verbs"
