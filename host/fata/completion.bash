# SPDX-License-Identifier: ISC
# Completion of fata for bash: verbs, options, applications, and the keys that a fata.lua declares.

_fata_keys() {
    fata query keys "$1" 2>/dev/null | sed 's/^\([^=]*\)=.*/--\1=/'
}

_fata_app() {
    local word
    for word in "${COMP_WORDS[@]:2}"; do
        if [[ $word != -* && -f ${word%/}/fata.lua ]]; then
            printf '%s\n' "$word"
            return
        fi
    done
    printf '.\n'
}

_fata() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local verb=${COMP_WORDS[1]} options=
    if ((COMP_CWORD == 1)); then
        options='new configure build run describe query clean doctor help --version --help'
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
        return
    fi
    case $previous in
    -t | --target) options='linux sim' ;;
    --template) options='hello echo' ;;
    --net) options='user tap: stream: listen: fd:' ;;
    query) options='name version target doc image output sources generated libraries packages keys boot-keys devices' ;;
    help) options='new configure build run describe query clean doctor' ;;
    -o | --output)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    esac
    if [[ -z $options && $current == -* ]]; then
        case $verb in
        new) options='--template --help' ;;
        configure) options="--target --output --reset --dry-run --help $(_fata_keys "$(_fata_app)")" ;;
        build) options="--target --output --reset --help $(_fata_keys "$(_fata_app)")" ;;
        run) options='--publish --net --output --help' ;;
        describe) options='--json --dot --target --output --help' ;;
        query) options='--json --target --output --help' ;;
        clean) options='--output --help' ;;
        doctor | --version) options='--json' ;;
        esac
    fi
    if [[ -n $options ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
        [[ ${COMPREPLY[0]} == *= || ${COMPREPLY[0]} == *: ]] && compopt -o nospace
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames
}

complete -F _fata fata
