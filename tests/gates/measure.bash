# What the gates of each quick tier are checked on.

# measure SWEEP CAPACITY TIER NAME [ARGUMENT…]: the program SWEEP runs the tier's sweep into NAME.csv, with more arguments if given;
# $measured is the file to check.
measure() {
  local sweep=$1 capacity=$2 tier=$3 name=$4
  shift 4
  case "$tier" in
    quick)
      "$sweep" gates_quick --out "$name.csv" "$@"
      measured=$name.csv
      ;;
    mqar_quick)
      "$sweep" mqar_quick --out "$name.csv" "$@"
      "$capacity" "$name.csv" --criterion 'accuracy >= 0.9' --out "$name.capacity.csv" > /dev/null
      measured=$name.capacity.csv
      ;;
    state_tracking)
      "$sweep" state_tracking --out "$name.csv" "$@"
      measured=$name.csv
      ;;
    *) echo "no tier '$tier' is measured here" >&2; return 2 ;;
  esac
}
