#compdef fata
# SPDX-License-Identifier: ISC
# Completion of fata for zsh: verbs, options, applications, and the keys that a fata.lua declares.

_fata_keys() {
    local -a keys
    keys=(${(f)"$(fata query keys ${1:-.} 2>/dev/null | sed 's/^\([^=]*\)=\(.*\)/--\1=[now \2]/')"})
    _values -w 'configure-time key' $keys
}

_fata() {
    local -a verbs build output
    verbs=(
        'new:make a project that builds and runs at once'
        'configure:check fata.lua and write main.c'
        'build:compile and link the image'
        'run:start the image'
        'describe:show devices and keys'
        'query:print one thing'
        'clean:remove the build'
        'doctor:look for what fata needs'
        'help:about the verbs'
    )
    output=('(-o --output)'{-o,--output}'[folder of the build]:folder:_files -/')
    build=($output '(-t --target)'{-t,--target}'[where the image runs]:target:(linux sim)'
        '--reset[forget remembered keys]' '*:application or key:_files')
    if ((CURRENT == 2)); then
        _describe verb verbs
        return
    fi
    local verb=$words[2]
    shift words
    ((CURRENT--))
    case $verb in
    new) _arguments '--template[what to begin with]:template:(hello echo)' '1:name:' ;;
    configure) _arguments $build '(-n --dry-run)'{-n,--dry-run}'[only say what would be written]' ;;
    build) _arguments $build ;;
    run)
        _arguments $output '*'{-p,--publish}'[lead a port to the image]:HOST\:GUEST:' \
            '--net[its network]:network:(user tap\: stream\: listen\: fd\:)' '1:application:_files'
        ;;
    describe) _arguments $build '--json[for programs]' '--dot[for Graphviz]' ;;
    query)
        _arguments $build '--json[for programs]' '1:what:(name version target doc image output
            sources generated libraries packages keys boot-keys devices)'
        ;;
    clean) _arguments $output '1:application:_files' ;;
    doctor | --version) _arguments '--json[for programs]' ;;
    help) _describe verb verbs ;;
    esac
    [[ $verb == (configure|build) && $PREFIX == --* ]] && _fata_keys
}

_fata "$@"
